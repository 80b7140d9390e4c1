using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>
/// Hashes a list of messages: gives every lane the next one when its last is done, and lets all of them compress together. Whole blocks
/// are read where they lie; only those over the border of two parts, and the last, are put together first.
/// </summary>
/// <param name="whole">The messages, or none when they come in parts.</param>
/// <param name="inParts">The messages, or none when each is whole.</param>
/// <param name="digests">Room for the digest of each.</param>
internal readonly ref struct LaneRun<TWords, TRounds>(
    ReadOnlySpan<ReadOnlyMemory<byte>> whole, ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> inParts, Span<byte> digests)
    where TWords : unmanaged, IWords<TWords>
    where TRounds : IRounds<TWords>
{
    /// <summary>Room for a lane's blocks that have to be put together: the end of a message needs two.</summary>
    private const int RowBytes = 2 * MessageBlocks.BlockBytes;

    private readonly ReadOnlySpan<ReadOnlyMemory<byte>> _whole = whole;
    private readonly ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> _inParts = inParts;
    private readonly Span<byte> _digests = digests;

    /// <summary>Until every message has its digest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run()
    {
        Span<TWords> state = stackalloc TWords[TRounds.Initial.Length];
        Span<byte> rows = stackalloc byte[TWords.Lanes * RowBytes];
        var all = default(AllLanes);
        Span<Lane> lanes = ((Span<Lane>)all)[..TWords.Lanes];
        scoped var sources = default(LaneSources);
        int begun = 0;
        while (true)
        {
            int blocks = int.MaxValue, busy = -1;
            for (int i = 0; i < lanes.Length; i++)
            {
                ref Lane lane = ref lanes[i];
                if (lane.Ready == 0)
                    Refill(ref lane, i, new LaneState<TWords>(state), rows.Slice(i * RowBytes, RowBytes), ref sources, ref begun);
                if (lane.Ready > 0)
                    (busy, blocks) = (i, Math.Min(blocks, lane.Ready));
            }
            if (busy < 0)
                return;
            int length = blocks * MessageBlocks.BlockBytes;
            for (int i = 0; i < lanes.Length; i++)
            {
                if (lanes[i].Ready == 0)
                    sources.Set(i, MemoryMarshal.CreateReadOnlySpan(ref sources[busy], length)); // it has no message, and what it computes is not used
            }
            TRounds.Compress(state, ref sources, blocks);
            for (int i = 0; i < lanes.Length; i++)
            {
                if (lanes[i].Ready == 0)
                    continue;
                lanes[i].Ready -= blocks;
                if (lanes[i].Ready > 0)
                    sources.Set(i, MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref sources[i], length), lanes[i].Ready * MessageBlocks.BlockBytes));
            }
        }
    }

    /// <summary>Lets the lane read what comes next: of its message, or, when that has ended, of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Refill(ref Lane lane, int index, LaneState<TWords> state, Span<byte> row, ref LaneSources sources, ref int begun)
    {
        if (lane.HasMessage)
        {
            Continue(ref lane, index, row, ref sources);
            if (lane.Ready > 0)
                return;
            state.End(index, _digests[(lane.Message * TRounds.Initial.Length * sizeof(uint))..]);
        }
        lane.HasMessage = begun < _whole.Length + _inParts.Length;
        if (!lane.HasMessage)
            return;
        lane.Message = begun++;
        lane.Blocks = _whole.IsEmpty ? new MessageBlocks(default, _inParts[lane.Message]) : new MessageBlocks(_whole[lane.Message], []);
        state.Begin(index, TRounds.Initial);
        Continue(ref lane, index, row, ref sources);
    }

    private static void Continue(ref Lane lane, int index, Span<byte> row, ref LaneSources sources)
    {
        ReadOnlySpan<byte> next = lane.Blocks.TakeWhole();
        if (next.IsEmpty)
            next = row[..(lane.Blocks.Fill(row) * MessageBlocks.BlockBytes)];
        sources.Set(index, next);
        lane.Ready = next.Length / MessageBlocks.BlockBytes;
    }

    /// <summary>What a lane works on.</summary>
    private struct Lane
    {
        public MessageBlocks Blocks;
        public bool HasMessage;
        public int Message;
        public int Ready;
    }

    [InlineArray(16)]
    private struct AllLanes
    {
        private Lane _first;
    }
}
