namespace Compeer.Protocols.Noise;

/// <summary>Diffie-Hellman on Curve25519, by whatever the platform offers. All keys have 32 bytes. Thread-safe. Spec: RFC 7748, section 5.</summary>
public interface IX25519
{
    /// <summary>Writes the public key of a secret key.</summary>
    void WritePublicKey(ReadOnlySpan<byte> secretKey, Span<byte> publicKey);

    /// <summary>Writes what both sides share; false where the remote key is a point of low order, which would share nothing secret.</summary>
    bool TryAgree(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> remotePublicKey, Span<byte> shared);
}
