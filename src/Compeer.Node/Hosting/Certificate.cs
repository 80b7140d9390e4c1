using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Node.State;

namespace Compeer.Node.Hosting;

/// <summary>The certificate of the API where it speaks TLS: the user's, or one of its own that is made once and kept.</summary>
internal static class Certificate
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    /// <summary>Reads or makes it.</summary>
    /// <param name="path">The user's PEM file with certificate and key; empty for one of its own.</param>
    /// <param name="dataDirectory">Where its own is kept.</param>
    /// <param name="names">Host names and addresses that its own is for.</param>
    /// <exception cref="NodeException">It cannot be used.</exception>
    public static X509Certificate2 Load(string path, string dataDirectory, IEnumerable<string> names)
    {
        string own = Path.Combine(dataDirectory, "tls.pem");
        try
        {
            if (path.Length == 0 && !File.Exists(own))
                Make(own, names);
            using X509Certificate2 read = X509Certificate2.CreateFromPemFile(path.Length > 0 ? path : own);
            // A key that was read from PEM lives in memory only, which TLS on some systems does not take.
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new NodeException(NodeFailure.Usage, $"The certificate '{(path.Length > 0 ? path : own)}' cannot be used: {e.Message} It must be PEM and hold certificate and key.", e);
        }
    }

    private static void Make(string path, IEnumerable<string> names)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Compeer node", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name.Trim('[', ']'), out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);
        NodeFile.Write(path, System.Text.Encoding.ASCII.GetBytes(made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"), isSecret: true);
    }
}
