namespace Compeer.Formats.Hashing;

/// <summary>
/// Hashes many messages at once. One implementation per instruction set; every one gives the same digests.
/// Implementations are stateless and thread-safe.
/// </summary>
public interface IHashLanes
{
    /// <summary>How many messages it works on at once; callers that can batch offer at least this many.</summary>
    int Lanes { get; }

    /// <summary>SHA-1 of each message, a message being the concatenation of its parts.</summary>
    /// <exception cref="ArgumentException">Fewer digests than messages.</exception>
    void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests);

    /// <summary>SHA-256 of each message.</summary>
    /// <exception cref="ArgumentException">Fewer digests than messages.</exception>
    void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests);

    /// <summary>Parents of a Merkle layer: the SHA-256 of each two neighbours. Parents may overwrite the front of children.</summary>
    /// <exception cref="ArgumentException">An odd number of children, or too few parents.</exception>
    void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents);
}
