namespace Compeer.Formats.Hashing;

/// <summary>
/// Takes lanes for what fills them and one lane for the rest. With SHA instructions one lane of SHA-256 is faster than
/// eight without; SHA-1 in lanes is faster in any case, and so are pairs, which the cost of a call would dominate.
/// </summary>
internal sealed class MixedLanes(SingleLane one, IHashLanes many, bool hasShaInstructions) : IHashLanes
{
    /// <summary>So many messages take lanes no longer than they take one after the other.</summary>
    private readonly int _worthwhile = hasShaInstructions ? 6 : 4;

    public int Lanes => many.Lanes;

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        int count = InLanes(messages.Length);
        many.Sha1(messages[..count], digests);
        one.Sha1(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        int count = hasShaInstructions ? 0 : InLanes(messages.Length);
        many.Sha256(messages[..count], digests);
        one.Sha256(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents) => many.Sha256Pairs(children, parents);

    private int InLanes(int messages)
    {
        int left = messages % many.Lanes;
        return left < _worthwhile ? messages - left : messages;
    }
}
