using System.Runtime.CompilerServices;

namespace Compeer.Formats.Hashing;

/// <summary>Hashes a list of messages: gives every lane the next one when its last is done, and lets all of them compress together.</summary>
internal readonly ref struct LaneRun<TWords, TRounds>(Span<MessageBlocks> messages, Span<byte> digests)
    where TWords : unmanaged, IWords<TWords>
    where TRounds : IRounds<TWords>
{
    /// <summary>Bytes of each message that are copied side by side at a time: little enough for the nearest cache, enough to make the copying cheap.</summary>
    private const int RowBytes = 1024;

    private readonly Span<MessageBlocks> _messages = messages;
    private readonly Span<byte> _digests = digests;

    /// <summary>Until every message has its digest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run()
    {
        Span<TWords> state = stackalloc TWords[TRounds.Initial.Length];
        Span<byte> rows = stackalloc byte[TWords.Lanes * RowBytes];
        Span<int> offsets = stackalloc int[TWords.Lanes];
        Span<Lane> lanes = stackalloc Lane[TWords.Lanes];
        int begun = 0;
        while (true)
        {
            int blocks = RowBytes / MessageBlocks.BlockBytes;
            bool any = false;
            for (int i = 0; i < lanes.Length; i++)
            {
                ref Lane lane = ref lanes[i];
                if (lane.Ready == 0)
                {
                    offsets[i] = i * RowBytes;
                    Refill(ref lane, i, new LaneState<TWords>(state), rows.Slice(offsets[i], RowBytes), ref begun);
                }
                if (lane.Ready > 0)
                    (any, blocks) = (true, Math.Min(blocks, lane.Ready));
            }
            if (!any)
                return;
            TRounds.Compress(state, rows, offsets, blocks);
            for (int i = 0; i < lanes.Length; i++)
            {
                if (lanes[i].Ready == 0)
                    continue; // it has no message, and what it computes is not used
                lanes[i].Ready -= blocks;
                offsets[i] += blocks * MessageBlocks.BlockBytes;
            }
        }
    }

    /// <summary>Copies what comes next in the lane: of its message, or, when that has ended, of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Refill(ref Lane lane, int index, LaneState<TWords> state, Span<byte> row, ref int begun)
    {
        if (lane.HasMessage)
        {
            lane.Ready = _messages[lane.Message].Fill(row);
            if (lane.Ready > 0)
                return;
            state.End(index, _digests[(lane.Message * TRounds.Initial.Length * sizeof(uint))..]);
        }
        lane.HasMessage = begun < _messages.Length;
        if (!lane.HasMessage)
            return;
        lane.Message = begun++;
        state.Begin(index, TRounds.Initial);
        lane.Ready = _messages[lane.Message].Fill(row);
    }

    /// <summary>What a lane works on.</summary>
    private struct Lane
    {
        public bool HasMessage;
        public int Message;
        public int Ready;
    }
}
