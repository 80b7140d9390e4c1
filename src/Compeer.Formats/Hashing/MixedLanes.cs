namespace Compeer.Formats.Hashing;

/// <summary>Takes lanes for as many messages as they hash sooner than one lane would, one after the other; pairs, which the cost of a call would dominate, always take lanes.</summary>
/// <param name="one">One at a time.</param>
/// <param name="many">In lanes.</param>
/// <param name="worthwhileSha1">The fewest messages with which lanes of SHA-1 are faster; more than there are lanes: never.</param>
/// <param name="worthwhileSha256">The same of SHA-256.</param>
internal sealed class MixedLanes(SingleLane one, IHashLanes many, int worthwhileSha1, int worthwhileSha256) : IHashLanes
{
    public int Lanes => worthwhileSha1 <= many.Lanes ? many.Lanes : one.Lanes;

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        int count = InLanes(messages.Length, worthwhileSha1);
        if (count > 0)
            many.Sha1(messages[..count], digests);
        if (count < messages.Length)
            one.Sha1(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        int count = InLanes(messages.Length, worthwhileSha256);
        if (count > 0)
            many.Sha256(messages[..count], digests);
        if (count < messages.Length)
            one.Sha256(messages[count..], digests[Math.Min(count, digests.Length)..]);
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents) => many.Sha256Pairs(children, parents);

    private int InLanes(int messages, int worthwhile)
    {
        if (worthwhile > many.Lanes)
            return 0;
        int left = messages % many.Lanes;
        return left < worthwhile ? messages - left : messages;
    }
}
