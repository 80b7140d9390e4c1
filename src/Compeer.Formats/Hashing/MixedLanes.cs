namespace Compeer.Formats.Hashing;

/// <summary>
/// Takes lanes for as many messages as they hash sooner than one lane would, one after the other: the most lanes that can be filled, and
/// fewer for what is left. Pairs, which the cost of a call would dominate, always take lanes.
/// </summary>
/// <param name="one">One at a time.</param>
/// <param name="many">In lanes, those with the most lanes first, each with the fewest messages that it is worth while for.</param>
internal sealed class MixedLanes(SingleLane one, params MixedLanes.Choice[] many) : IHashLanes
{
    private const int Never = int.MaxValue;

    public int Lanes { get; } = Most(one, many);

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        foreach (Choice choice in many)
        {
            int count = InLanes(messages.Length, choice.Lanes.Lanes, choice.WorthwhileSha1);
            if (count == 0)
                continue;
            choice.Lanes.Sha1(messages[..count], digests);
            messages = messages[count..];
            digests = digests[count..];
        }
        if (messages.Length > 0)
            one.Sha1(messages, digests);
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        foreach (Choice choice in many)
        {
            int count = InLanes(messages.Length, choice.Lanes.Lanes, choice.WorthwhileSha256);
            if (count == 0)
                continue;
            choice.Lanes.Sha256(messages[..count], digests);
            messages = messages[count..];
            digests = digests[count..];
        }
        if (messages.Length > 0)
            one.Sha256(messages, digests);
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents) => many[0].Lanes.Sha256Pairs(children, parents);

    private static int Most(SingleLane one, Choice[] many)
    {
        int most = one.Lanes;
        foreach (Choice choice in many)
        {
            if (choice.WorthwhileSha1 <= choice.Lanes.Lanes)
                most = Math.Max(most, choice.Lanes.Lanes);
        }
        return most;
    }

    private static int InLanes(int messages, int lanes, int worthwhile)
    {
        if (worthwhile == Never)
            return 0;
        int left = messages % lanes;
        return left < worthwhile ? messages - left : messages;
    }

    /// <summary>Some lanes, and from how many messages on they are faster than what comes after them.</summary>
    internal readonly record struct Choice(IHashLanes Lanes, int WorthwhileSha1, int WorthwhileSha256);
}
