namespace Compeer.Protocols.Identity;

/// <summary>Ed25519 signatures, made and checked by whatever the platform offers. Thread-safe. Spec: RFC 8032.</summary>
public interface IEd25519
{
    /// <summary>Writes the public key of a secret key.</summary>
    /// <param name="secretKey">The 32-byte seed.</param>
    /// <param name="publicKey">Takes 32 bytes.</param>
    void WritePublicKey(ReadOnlySpan<byte> secretKey, Span<byte> publicKey);

    /// <summary>Signs a message.</summary>
    /// <param name="secretKey">The 32-byte seed.</param>
    /// <param name="message">What is signed.</param>
    /// <param name="signature">Takes 64 bytes.</param>
    void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature);

    /// <summary>Whether a signature of 64 bytes over a message is that of a public key of 32 bytes; false for any other lengths.</summary>
    bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
