namespace Compeer.Formats.Hashing;

/// <summary>
/// Takes lanes for what fills them and one lane for the rest. With SHA instructions it takes one lane for everything but
/// pairs, which the cost of a call would dominate.
/// </summary>
internal sealed class MixedLanes(SingleLane one, IHashLanes many, bool hasShaInstructions) : IHashLanes
{
    /// <summary>So many messages take lanes no longer than they take one after the other.</summary>
    private const int Worthwhile = 4;

    public int Lanes => hasShaInstructions ? one.Lanes : many.Lanes;

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        int count = InLanes(messages.Length);
        if (count > 0)
            many.Sha1(messages[..count], digests);
        if (count < messages.Length)
            one.Sha1(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        int count = InLanes(messages.Length);
        if (count > 0)
            many.Sha256(messages[..count], digests);
        if (count < messages.Length)
            one.Sha256(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents) => many.Sha256Pairs(children, parents);

    private int InLanes(int messages)
    {
        if (hasShaInstructions)
            return 0;
        int left = messages % many.Lanes;
        return left < Worthwhile ? messages - left : messages;
    }
}
