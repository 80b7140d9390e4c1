using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using PublicKey = Compeer.Formats.Multiformats.PublicKey;

namespace Compeer.Tests.SecureChannels;

public sealed class PeerCertificateTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();

    [Fact]
    public void Published_certificates_are_judged_as_published()
    {
        foreach (string[] line in VectorLines.Read("libp2p-tls", "certificates.txt"))
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(Convert.FromHexString(line[2]));
            bool isRight = PeerCertificate.TryVerify(certificate, Now, OpenSslKeys.Instance, out PublicKey? identity, out string? reason);
            Assert.True(isRight == (line[1] != "-"), $"{line[0]}: {reason}");
            if (isRight)
                Assert.Equal(line[1], PeerId.FromPublicKey(identity!).ToString());
            else
                Assert.Contains("not signed by", reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Our_own_certificate_is_right_and_names_us()
    {
        using X509Certificate2 certificate = PeerCertificate.Create(Alice, Now);
        Assert.True(PeerCertificate.TryVerify(certificate, Now, OpenSslKeys.Instance, out PublicKey? identity, out string? reason), reason);
        Assert.Equal(Alice.PublicKey, identity);
        Assert.Contains("at this time", Refusal(certificate, Now.AddYears(11)), StringComparison.Ordinal);
        Assert.Contains("at this time", Refusal(certificate, Now.AddDays(-1)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        using X509Certificate2 right = PeerCertificate.Create(Alice, Now);
        byte[] bytes = right.RawData;
        for (int at = 20; at < bytes.Length; at += 5)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 4;
            X509Certificate2 certificate;
            try
            {
                certificate = X509CertificateLoader.LoadCertificate(damaged);
            }
            catch (CryptographicException)
            {
                continue;
            }
            using (certificate)
                Refusal(certificate, Now);
        }
    }

    [Fact]
    public void Missing_doubled_and_unknown_extensions_are_refused()
    {
        using X509Certificate2 none = Made(_ => []);
        Assert.Contains("no identity", Refusal(none, Now), StringComparison.Ordinal);
        using X509Certificate2 critical = Made(own => [own, new X509Extension("1.2.3.4.5", [5, 0], critical: true)]);
        Assert.Contains("1.2.3.4.5", Refusal(critical, Now), StringComparison.Ordinal);
        using X509Certificate2 malformed = Made(_ => [new X509Extension(PeerCertificate.ExtensionOid, [1, 2, 3], critical: false)]);
        Assert.Contains("malformed", Refusal(malformed, Now), StringComparison.Ordinal);
        using X509Certificate2 forged = Made(_ => [PeerCertificate.Extension(Alice.PublicKey, new byte[64])]);
        Assert.Contains("not signed by", Refusal(forged, Now), StringComparison.Ordinal);

        using X509Certificate2 harmless = Made(own => [own, new X509Extension("1.2.3.4.5", [5, 0], critical: false)]);
        Assert.True(PeerCertificate.TryVerify(harmless, Now, OpenSslKeys.Instance, out _, out _));
    }

    /// <summary>A certificate with the extensions that are made of the right one.</summary>
    internal static X509Certificate2 Made(Func<X509Extension, X509Extension[]> extensions, DateTimeOffset? from = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=libp2p", key, HashAlgorithmName.SHA256);
        byte[] signature = Alice.Sign(PeerCertificate.Signed(key.ExportSubjectPublicKeyInfo()));
        foreach (X509Extension extension in extensions(PeerCertificate.Extension(Alice.PublicKey, signature)))
            request.CertificateExtensions.Add(extension);
        DateTimeOffset begin = from ?? Now.AddDays(-30);
        return request.CreateSelfSigned(begin, begin.AddYears(1));
    }

    private static string Refusal(X509Certificate2 certificate, DateTimeOffset now)
    {
        Assert.False(PeerCertificate.TryVerify(certificate, now, OpenSslKeys.Instance, out PublicKey? identity, out string? reason));
        Assert.Null(identity);
        return reason;
    }
}
