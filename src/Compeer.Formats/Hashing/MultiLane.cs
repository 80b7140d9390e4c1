using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>As many messages at once as <typeparamref name="TWords"/> has lanes; a lane that is done takes the next message.</summary>
internal sealed class MultiLane<TWords> : IHashLanes
    where TWords : unmanaged, IWords<TWords>
{
    public int Lanes => TWords.Lanes;

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        if (digests.Length < messages.Length)
            throw new ArgumentException("There are fewer digests than messages.", nameof(digests));
        new LaneRun<TWords, Sha1Rounds<TWords>>([], messages, MemoryMarshal.AsBytes(digests)).Run();
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        if (digests.Length < messages.Length)
            throw new ArgumentException("There are fewer digests than messages.", nameof(digests));
        new LaneRun<TWords, Sha256Rounds<TWords>>(messages, [], MemoryMarshal.AsBytes(digests)).Run();
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents)
    {
        if (children.Length % 2 != 0 || parents.Length < children.Length / 2)
            throw new ArgumentException("A layer has an even number of children and half as many parents.", nameof(children));
        ReadOnlySpan<byte> pairs = MemoryMarshal.AsBytes(children);
        Span<byte> digests = MemoryMarshal.AsBytes(parents);
        Span<TWords> words = stackalloc TWords[Sha256Rounds<TWords>.Initial.Length];
        var state = new LaneState<TWords>(words);
        scoped var sources = default(LaneSources);
        int count = children.Length / 2;
        for (int first = 0; first < count; first += Lanes)
        {
            int used = Math.Min(Lanes, count - first);
            for (int lane = 0; lane < Lanes; lane++)
            {
                state.Begin(lane, Sha256Rounds<TWords>.Initial);
                sources.Set(lane, pairs[((first + Math.Min(lane, used - 1)) * MessageBlocks.BlockBytes)..]); // lanes to spare repeat the last pair
            }
            Sha256Rounds<TWords>.Compress(words, ref sources, 1);
            Sha256Rounds<TWords>.CompressPadding(words);
            for (int lane = 0; lane < used; lane++)
                state.End(lane, digests[((first + lane) * Sha256Hash.LengthBytes)..]);
        }
    }
}
