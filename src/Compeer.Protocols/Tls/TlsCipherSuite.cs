namespace Compeer.Protocols.Tls;

/// <summary>How records of TLS 1.3 are sealed. The numbers are those of the wire. Spec: RFC 8446, appendix B.4.</summary>
public enum TlsCipherSuite
{
    /// <summary>TLS_AES_128_GCM_SHA256.</summary>
    Aes128GcmSha256 = 0x1301,

    /// <summary>TLS_AES_256_GCM_SHA384.</summary>
    Aes256GcmSha384 = 0x1302,

    /// <summary>TLS_CHACHA20_POLY1305_SHA256.</summary>
    ChaCha20Poly1305Sha256 = 0x1303,
}
