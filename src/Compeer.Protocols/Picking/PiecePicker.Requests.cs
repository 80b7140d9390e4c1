using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>What happens to requests once they are made.</summary>
public sealed partial class PiecePicker
{
    /// <summary>
    /// A block arrived. One that was given up (timeout) and comes late is welcome while it is wanted.
    /// <paramref name="cancelAt"/>: another peer that was asked for it, or -1.
    /// </summary>
    public BlockOutcome OnBlock(int peer, int piece, int begin, int length, out int cancelAt)
    {
        cancelAt = -1;
        if ((uint)piece >= (uint)PieceCount)
            return BlockOutcome.Duplicate;
        PartialPiece? partial = _partialAt[piece];
        if (partial is null && _keys[piece] >= 0)
            partial = Begin(piece, -1, isExclusive: false, isIdle: false);
        if (partial is null)
            return BlockOutcome.Duplicate;
        Tally before = new(partial);
        int block = partial.BlockAt(begin, length);
        if (block < 0 || !partial.Receive(peer, block, out cancelAt))
        {
            Settle(partial, before);
            return BlockOutcome.Duplicate;
        }
        if (partial.IsComplete)
            CountFinished(partial);
        Settle(partial, before);
        return partial.IsComplete ? BlockOutcome.PieceComplete : BlockOutcome.Accepted;
    }

    /// <summary>A peer will not send a block that was picked for it.</summary>
    public void OnRequestLost(int peer, BlockRequest request)
    {
        if ((uint)request.Index >= (uint)PieceCount || _partialAt[request.Index] is not { } partial)
            return;
        Tally before = new(partial);
        int block = partial.BlockAt(request.Begin, request.Length);
        if (block < 0 || !partial.Release(peer, block))
            return;
        if (partial.Owner == peer && !partial.IsExclusive)
            partial.Owner = -1;
        Settle(partial, before);
    }

    /// <summary>
    /// A peer is gone; its requests are free, and others may finish what it worked on alone. What came of a piece that was
    /// to have one author is dropped and named in <paramref name="dropped"/>, lest it be mixed with another's.
    /// </summary>
    public void PeerGone(int peer, List<int> dropped)
    {
        _fetching.Remove(peer);
        // From the back: a piece that closes is replaced by one that was visited.
        for (int i = _partials.Count - 1; i >= 0; i--)
        {
            PartialPiece partial = _partials[i];
            if (partial.Owner != peer && partial.InFlight == 0)
                continue;
            Tally before = new(partial);
            bool changed = partial.ReleaseAll(peer);
            if (partial.Owner == peer)
            {
                if (partial.IsExclusive && !partial.IsComplete)
                {
                    if (partial.Received > 0)
                        dropped.Add(partial.Piece);
                    partial.DropReceived();
                }
                (partial.Owner, partial.IsExclusive) = (-1, false);
                changed = true;
            }
            if (changed)
                Settle(partial, before);
        }
    }

    /// <summary>
    /// Brings sums and lists in line after blocks of a piece changed. A piece of which nothing is here or asked for is not
    /// begun any more.
    /// </summary>
    private void Settle(PartialPiece partial, Tally before)
    {
        InFlightBlocks += partial.InFlight - before.InFlight;
        InFlightBytes += partial.InFlightBytes - before.InFlightBytes;
        DoubledBlocks += partial.Doubled - before.Doubled;
        if (_missing[partial.Piece])
            _receivedWantedBytes += partial.ReceivedBytes - before.ReceivedBytes;
        if (partial.Received == 0 && partial.InFlight == 0)
            Close(partial.Piece);
        else if (partial.Free > 0 == partial.OpenIndex >= 0)
            return;
        Refresh(partial.Piece);
    }

    /// <summary>What a piece added to the picker's sums.</summary>
    private readonly struct Tally(PartialPiece partial)
    {
        public readonly int InFlight = partial.InFlight;
        public readonly long InFlightBytes = partial.InFlightBytes;
        public readonly int Doubled = partial.Doubled;
        public readonly long ReceivedBytes = partial.ReceivedBytes;
    }
}
