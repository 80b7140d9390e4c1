using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;
using PublicKey = Compeer.Formats.Multiformats.PublicKey;

namespace Compeer.Network.SecureChannels;

/// <summary>Certificates of libp2p: self-signed with a key of their own, and in an extension the identity that vouches for that key.</summary>
/// <remarks>Spec: libp2p/specs tls, "Peer Authentication".</remarks>
public static class PeerCertificate
{
    /// <summary>The extension that carries the identity.</summary>
    public const string ExtensionOid = "1.3.6.1.4.1.53594.1.1";

    private const string KeyUsage = "2.5.29.15";
    private const string BasicConstraints = "2.5.29.19";
    private const string ExtendedKeyUsage = "2.5.29.37";
    private const string Ed25519 = "1.3.101.112";
    private const int Years = 10;

    /// <summary>Makes a certificate with a new P-256 key.</summary>
    /// <param name="identity">Who vouches for it.</param>
    /// <param name="now">Valid from an hour before, for ten years.</param>
    public static X509Certificate2 Create(ISigner identity, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=libp2p", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(Extension(identity.PublicKey, identity.Sign(Signed(key.ExportSubjectPublicKeyInfo()))));
        return request.CreateSelfSigned(now.AddHours(-1), now.AddYears(Years));
    }

    /// <summary>The extension for a key and a signature of it.</summary>
    public static X509Extension Extension(PublicKey identity, ReadOnlySpan<byte> signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(identity.ToBytes());
            writer.WriteOctetString(signature);
        }
        return new X509Extension(ExtensionOid, writer.Encode(), critical: false);
    }

    /// <summary>What an identity signs: a purpose and the certificate's key as SubjectPublicKeyInfo.</summary>
    public static byte[] Signed(ReadOnlySpan<byte> subjectPublicKeyInfo) => [.. "libp2p-tls-handshake:"u8, .. subjectPublicKeyInfo];

    /// <summary>Checks a certificate and gives the identity that vouches for it, or the reason why it is refused.</summary>
    public static bool TryVerify(
        X509Certificate2 certificate, DateTimeOffset now, ISignatures signatures, [NotNullWhen(true)] out PublicKey? identity, [NotNullWhen(false)] out string? reason)
    {
        identity = null;
        try
        {
            reason = Refusal(certificate, now, signatures, out identity);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            reason = "The certificate is malformed.";
        }
        if (reason is not null)
            identity = null;
        return identity is not null && reason is null;
    }

    private static string? Refusal(X509Certificate2 certificate, DateTimeOffset now, ISignatures signatures, out PublicKey? identity)
    {
        identity = null;
        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime())
            return "The certificate is not valid at this time.";
        byte[]? content = null;
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == ExtensionOid)
            {
                if (content is not null)
                    return "The certificate names two identities.";
                content = extension.RawData;
            }
            else if (extension.Critical && extension.Oid?.Value is not (KeyUsage or BasicConstraints or ExtendedKeyUsage))
                return $"The certificate has a critical extension {extension.Oid?.Value} that is not known here.";
        }
        if (content is null)
            return "The certificate names no identity.";
        if (!IsSelfSigned(certificate, out byte[] keyInfo))
            return "The certificate is not signed with its own key.";
        AsnReader signedKey = new AsnReader(content, AsnEncodingRules.DER).ReadSequence();
        if (!PublicKey.TryDecode(signedKey.ReadOctetString(), out identity))
            return "The identity in the certificate is no key.";
        return signatures.Verify(identity, Signed(keyInfo), signedKey.ReadOctetString())
            ? null
            : $"The certificate's key is not signed by {PeerId.FromPublicKey(identity)}.";
    }

    /// <summary>Verifies the signature over the certificate with the key in it. Spec: RFC 5280, section 4.1.</summary>
    private static bool IsSelfSigned(X509Certificate2 certificate, out byte[] keyInfo)
    {
        AsnReader outer = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> signedPart = outer.ReadEncodedValue();
        string algorithm = outer.ReadSequence().ReadObjectIdentifier();
        byte[] signature = outer.ReadBitString(out _);

        AsnReader inner = new AsnReader(signedPart, AsnEncodingRules.DER).ReadSequence();
        if (inner.PeekTag().TagClass == TagClass.ContextSpecific)
            inner.ReadEncodedValue();
        for (int i = 0; i < 5; i++) // serial number, algorithm, issuer, validity, subject
            inner.ReadEncodedValue();
        ReadOnlyMemory<byte> info = inner.ReadEncodedValue();
        keyInfo = info.ToArray();

        if (algorithm == Ed25519)
        {
            AsnReader key = new AsnReader(info, AsnEncodingRules.DER).ReadSequence();
            return key.ReadSequence().ReadObjectIdentifier() == Ed25519
                && OpenSslEd25519.Instance.Verify(key.ReadBitString(out _), signedPart.Span, signature);
        }
        HashAlgorithmName? hash = algorithm switch
        {
            "1.2.840.10045.4.3.2" or "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
            "1.2.840.10045.4.3.3" or "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
            "1.2.840.10045.4.3.4" or "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
            _ => null,
        };
        if (hash is not { } name)
            return false;
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        if (ecdsa is not null)
            return ecdsa.VerifyData(signedPart.Span, signature, name, DSASignatureFormat.Rfc3279DerSequence);
        using RSA? rsa = certificate.GetRSAPublicKey();
        return rsa is { KeySize: >= OpenSslKeys.MinRsaBits and <= OpenSslKeys.MaxRsaBits }
            && rsa.VerifyData(signedPart.Span, signature, name, RSASignaturePadding.Pkcs1);
    }
}
