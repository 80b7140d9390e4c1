namespace Compeer.Protocols.Sealing;

/// <summary>An AEAD with nonces of 12 bytes and tags of 16. Spec: RFC 5116.</summary>
public enum AeadAlgorithm
{
    /// <summary>AES in Galois/Counter mode; the key's length, 16 or 32 bytes, says which. Spec: RFC 5116, section 5.1 and 5.2.</summary>
    AesGcm,

    /// <summary>ChaCha20-Poly1305 with a key of 32 bytes. Spec: RFC 8439, section 2.8.</summary>
    ChaCha20Poly1305,
}
