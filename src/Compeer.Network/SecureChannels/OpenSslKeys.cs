using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;

namespace Compeer.Network.SecureChannels;

/// <summary>Checks signatures of peers' keys: Ed25519, secp256k1, ECDSA on the NIST curves, RSA of 2,048 to 8,192 bits. Thread-safe.</summary>
/// <remarks>Spec: libp2p/specs peer-ids, "Key Types". Larger RSA keys are refused because checking them is work that anyone could ask for (CVE-2023-39533).</remarks>
public sealed class OpenSslKeys : ISignatures
{
    /// <summary>The smallest RSA key that is accepted, in bits.</summary>
    public const int MinRsaBits = 2048;

    /// <summary>The largest RSA key that is accepted, in bits.</summary>
    public const int MaxRsaBits = 8192;

    private const int MaxSignatureBytes = MaxRsaBits / 8;

    private static readonly HashSet<string> Curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    private OpenSslKeys()
    {
    }

    /// <summary>The one instance; it holds nothing.</summary>
    public static OpenSslKeys Instance { get; } = new();

    public bool Verify(PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length > MaxSignatureBytes)
            return false;
        try
        {
            return key.Type switch
            {
                KeyType.Ed25519 => OpenSslEd25519.Instance.Verify(key.Data, message, signature),
                KeyType.Secp256k1 => VerifySecp256k1(key.Data, message, signature),
                KeyType.Ecdsa => VerifyEcdsa(key.Data, message, signature),
                KeyType.Rsa => VerifyRsa(key.Data, message, signature),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            // The key is none, which .NET tells only so.
            return false;
        }
    }

    private static bool VerifySecp256k1(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!Secp256k1Point.TryDecompress(data, out ECPoint point))
            return false;
        using var key = ECDsa.Create(new ECParameters { Curve = Secp256k1Point.Curve, Q = point });
        return key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool VerifyEcdsa(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(data, out int read);
        return read == data.Length && Curves.Contains(key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value ?? "")
            && key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool VerifyRsa(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        using var key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(data, out int read);
        return read == data.Length && key.KeySize is >= MinRsaBits and <= MaxRsaBits
            && key.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
