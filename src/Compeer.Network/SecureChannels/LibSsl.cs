using System.Runtime.InteropServices;

namespace Compeer.Network.SecureChannels;

/// <summary>The functions of OpenSSL's libssl that a handshake of TLS 1.3 takes, and those of libcrypto that belong to them.</summary>
internal static class LibSsl
{
    public const int SetSessionCacheMode = 44;
    public const int SetMinVersion = 123;
    public const int SetMaxVersion = 124;
    public const long Tls13 = 0x0304;
    public const ulong NoTicket = 1 << 14;

    /// <summary>SSL_VERIFY_PEER and SSL_VERIFY_FAIL_IF_NO_PEER_CERT.</summary>
    public const int VerifyRequired = 1 | 2;

    public const int WantRead = 2;
    public const int NoAcknowledgement = 3;
    public const int FatalAlert = 2;

    /// <summary>EVP_PKEY_EC.</summary>
    public const int EcKey = 408;

    /// <summary>X509_V_ERR_CERT_REJECTED: the remote is told that its certificate is bad.</summary>
    public const int CertificateRejected = 28;

    /// <summary>SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE.</summary>
    public const int NoCertificate = 199;

    private const string Library = OpenSslLibraries.Ssl;
    private const string Crypto = OpenSslLibraries.Crypto;

    static LibSsl() => OpenSslLibraries.Register();

    /// <summary>int (*)(X509_STORE_CTX*, void*)</summary>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int VerifyCallback(IntPtr store, IntPtr argument);

    /// <summary>int (*)(SSL*, const unsigned char** out, unsigned char* outlen, const unsigned char* in, unsigned int inlen, void*)</summary>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate int ProtocolCallback(IntPtr ssl, out IntPtr chosen, out byte chosenLength, IntPtr offered, uint offeredLength, IntPtr argument);

    /// <summary>void (*)(const SSL*, const char*)</summary>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void KeyLogCallback(IntPtr ssl, IntPtr line);

    [DllImport(Library, EntryPoint = "TLS_method")]
    public static extern IntPtr Method();

    [DllImport(Library, EntryPoint = "SSL_CTX_new")]
    public static extern ContextHandle NewContext(IntPtr method);

    [DllImport(Library, EntryPoint = "SSL_CTX_free")]
    public static extern void FreeContext(IntPtr context);

    [DllImport(Library, EntryPoint = "SSL_CTX_ctrl")]
    public static extern CLong Control(ContextHandle context, int command, CLong value, IntPtr argument);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_options")]
    public static extern CULong SetOptions(ContextHandle context, CULong options);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_num_tickets")]
    public static extern int SetTickets(ContextHandle context, nuint count);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_ciphersuites")]
    public static extern int SetCipherSuites(ContextHandle context, ref byte names);

    [DllImport(Library, EntryPoint = "SSL_CTX_use_certificate_ASN1")]
    public static extern int UseCertificate(ContextHandle context, int length, ref byte certificate);

    [DllImport(Library, EntryPoint = "SSL_CTX_use_PrivateKey_ASN1")]
    public static extern int UsePrivateKey(int type, ContextHandle context, ref byte key, CLong length);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_alpn_protos")]
    public static extern int SetProtocols(ContextHandle context, ref byte protocols, uint length);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_alpn_select_cb")]
    public static extern void SetProtocolCallback(ContextHandle context, ProtocolCallback callback, IntPtr argument);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_verify")]
    public static extern void SetVerify(ContextHandle context, int mode, IntPtr callback);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_cert_verify_callback")]
    public static extern void SetVerifyCallback(ContextHandle context, VerifyCallback callback, IntPtr argument);

    [DllImport(Library, EntryPoint = "SSL_CTX_set_keylog_callback")]
    public static extern void SetKeyLogCallback(ContextHandle context, KeyLogCallback callback);

    [DllImport(Library, EntryPoint = "SSL_new")]
    public static extern ConnectionHandle NewConnection(ContextHandle context);

    [DllImport(Library, EntryPoint = "SSL_free")]
    public static extern void FreeConnection(IntPtr ssl);

    /// <summary>The connection owns both from now on.</summary>
    [DllImport(Library, EntryPoint = "SSL_set_bio")]
    public static extern void SetBuffers(ConnectionHandle ssl, IntPtr incoming, IntPtr outgoing);

    [DllImport(Library, EntryPoint = "SSL_set_accept_state")]
    public static extern void SetAccept(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_set_connect_state")]
    public static extern void SetConnect(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_do_handshake")]
    public static extern int Handshake(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_get_error")]
    public static extern int Error(ConnectionHandle ssl, int result);

    [DllImport(Library, EntryPoint = "SSL_version")]
    public static extern int Version(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_session_reused")]
    public static extern int IsResumed(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_get0_alpn_selected")]
    public static extern void SelectedProtocol(ConnectionHandle ssl, out IntPtr name, out uint length);

    [DllImport(Library, EntryPoint = "SSL_get_current_cipher")]
    public static extern IntPtr CurrentCipher(ConnectionHandle ssl);

    [DllImport(Library, EntryPoint = "SSL_CIPHER_get_protocol_id")]
    public static extern ushort CipherNumber(IntPtr cipher);

    [DllImport(Crypto, EntryPoint = "BIO_s_mem")]
    public static extern IntPtr MemoryMethod();

    [DllImport(Crypto, EntryPoint = "BIO_new")]
    public static extern IntPtr NewBuffer(IntPtr method);

    [DllImport(Crypto, EntryPoint = "BIO_free")]
    public static extern int FreeBuffer(IntPtr buffer);

    [DllImport(Crypto, EntryPoint = "BIO_write")]
    public static extern int Write(IntPtr buffer, ref byte data, int length);

    [DllImport(Crypto, EntryPoint = "BIO_read")]
    public static extern int Read(IntPtr buffer, ref byte target, int length);

    [DllImport(Crypto, EntryPoint = "BIO_ctrl_pending")]
    public static extern nuint Pending(IntPtr buffer);

    [DllImport(Crypto, EntryPoint = "X509_STORE_CTX_get0_cert")]
    public static extern IntPtr Certificate(IntPtr store);

    [DllImport(Crypto, EntryPoint = "X509_STORE_CTX_get0_untrusted")]
    public static extern IntPtr Presented(IntPtr store);

    [DllImport(Crypto, EntryPoint = "X509_STORE_CTX_set_error")]
    public static extern void SetVerifyError(IntPtr store, int error);

    [DllImport(Crypto, EntryPoint = "OPENSSL_sk_num")]
    public static extern int Count(IntPtr stack);

    /// <summary>With a null target gives the length; else the target moves on by it.</summary>
    [DllImport(Crypto, EntryPoint = "i2d_X509")]
    public static extern int Encode(IntPtr certificate, IntPtr target);

    [DllImport(Crypto, EntryPoint = "i2d_X509")]
    public static extern int Encode(IntPtr certificate, ref IntPtr target);

    [DllImport(Crypto, EntryPoint = "ERR_get_error")]
    public static extern CULong TakeError();

    [DllImport(Crypto, EntryPoint = "ERR_reason_error_string")]
    public static extern IntPtr Reason(CULong error);

    /// <summary>An SSL_CTX.</summary>
    public sealed class ContextHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }

    /// <summary>An SSL.</summary>
    public sealed class ConnectionHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeConnection(handle);
            return true;
        }
    }
}
