using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Compeer.Network.SecureChannels;

/// <summary>What all handshakes of one certificate share: TLS 1.3 only, both sides with a certificate, no session is ever resumed. Thread-safe.</summary>
internal sealed class OpenSslContext : IDisposable
{
    private const string CipherSuites = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256\0";

    private static readonly Lazy<bool> Found = new(() => AesGcm.IsSupported && ChaCha20Poly1305.IsSupported && OpenSslLibraries.TryLoadSsl(out IntPtr library)
        && NativeLibrary.TryGetExport(library, "SSL_CTX_set_keylog_callback", out _) && NativeLibrary.TryGetExport(library, "SSL_CTX_set_num_tickets", out _));

    /// <summary>Makes the context.</summary>
    /// <param name="certificate">Ours, with its ECDSA key.</param>
    /// <param name="protocols">Names for the negotiation of application protocols, the preferred first.</param>
    public OpenSslContext(X509Certificate2 certificate, IReadOnlyList<string> protocols)
    {
        Handle = LibSsl.NewContext(LibSsl.Method());
        if (Handle.IsInvalid)
            throw new CryptographicException("OpenSSL made no context for TLS.");
        Protocols = [.. protocols.Select(Encoding.UTF8.GetBytes)];
        byte[] wire = [.. Protocols.SelectMany(name => (byte[])[(byte)name.Length, .. name])];
        byte[] encoded = certificate.RawData;
        using ECDsa key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("The certificate has no ECDSA key.", nameof(certificate));
        byte[] secret = key.ExportECPrivateKey();
        bool isMade = LibSsl.Control(Handle, LibSsl.SetMinVersion, new CLong((nint)LibSsl.Tls13), IntPtr.Zero).Value == 1
            && LibSsl.Control(Handle, LibSsl.SetMaxVersion, new CLong((nint)LibSsl.Tls13), IntPtr.Zero).Value == 1
            && LibSsl.SetCipherSuites(Handle, ref Encoding.ASCII.GetBytes(CipherSuites)[0]) == 1
            && LibSsl.UseCertificate(Handle, encoded.Length, ref encoded[0]) == 1
            && LibSsl.UsePrivateKey(LibSsl.EcKey, Handle, ref secret[0], new CLong(secret.Length)) == 1
            && LibSsl.SetProtocols(Handle, ref wire[0], (uint)wire.Length) == 0
            && LibSsl.SetTickets(Handle, 0) == 1;
        CryptographicOperations.ZeroMemory(secret);
        if (!isMade)
            throw new CryptographicException("OpenSSL refused the settings of TLS or the certificate.");
        LibSsl.Control(Handle, LibSsl.SetSessionCacheMode, default, IntPtr.Zero);
        LibSsl.SetOptions(Handle, new CULong((nuint)LibSsl.NoTicket));
        LibSsl.SetVerify(Handle, LibSsl.VerifyRequired, IntPtr.Zero);
        OpenSslHandshake.SetCallbacks(Handle);
    }

    /// <summary>This machine has what is needed.</summary>
    public static bool IsAvailable => Found.Value;

    public LibSsl.ContextHandle Handle { get; }

    /// <summary>Names for the negotiation of application protocols, the preferred first.</summary>
    public IReadOnlyList<byte[]> Protocols { get; }

    public void Dispose() => Handle.Dispose();
}
