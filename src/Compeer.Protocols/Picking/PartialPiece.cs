using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>A piece in progress, from its first request to its verdict: who is asked for each block, and who sent it; pooled.</summary>
internal sealed class PartialPiece
{
    private const int Nobody = -1;

    private int[] _asked = [];   // the first peer asked for a block
    private int[] _second = [];  // the second one (end-game, deadlines)
    private int[] _sources = []; // the peer that sent it
    private int _freeHint;       // no block before this one is free

    public int Piece { get; private set; }

    public int LengthBytes { get; private set; }

    public int BlockCount { get; private set; }

    /// <summary>Blocks that are neither here nor asked for.</summary>
    public int Free { get; private set; }

    /// <summary>Blocks that at least one peer is asked for.</summary>
    public int InFlight { get; private set; }

    /// <summary>Blocks that two peers are asked for.</summary>
    public int Doubled { get; private set; }

    public int Received { get; private set; }

    public long InFlightBytes { get; private set; }

    public long ReceivedBytes { get; private set; }

    /// <summary>The peer that works on the piece for itself, or -1.</summary>
    public int Owner { get; set; } = Nobody;

    /// <summary>Nobody but the owner may join, so that a verdict on the piece is a verdict on the owner.</summary>
    public bool IsExclusive { get; set; }

    /// <summary>Place in the list of all pieces in progress.</summary>
    public int Index { get; set; }

    /// <summary>Place in the list of those with free blocks that are wanted, or -1.</summary>
    public int OpenIndex { get; set; }

    public bool IsComplete => Received == BlockCount;

    /// <summary>Who sent each block; -1 for blocks that are not here.</summary>
    public ReadOnlySpan<int> Sources => _sources.AsSpan(0, BlockCount);

    public static int CountBlocks(int lengthBytes) => (lengthBytes + BlockRequest.BlockBytes - 1) / BlockRequest.BlockBytes;

    public void Begin(int piece, int lengthBytes)
    {
        Piece = piece;
        LengthBytes = lengthBytes;
        BlockCount = CountBlocks(lengthBytes);
        if (_asked.Length < BlockCount)
            (_asked, _second, _sources) = (new int[BlockCount], new int[BlockCount], new int[BlockCount]);
        _asked.AsSpan(0, BlockCount).Fill(Nobody);
        _second.AsSpan(0, BlockCount).Fill(Nobody);
        _sources.AsSpan(0, BlockCount).Fill(Nobody);
        Free = BlockCount;
        (InFlight, Doubled, Received, InFlightBytes, ReceivedBytes, _freeHint) = (0, 0, 0, 0, 0, 0);
        (Owner, IsExclusive, OpenIndex) = (Nobody, false, -1);
    }

    /// <summary>The block's number, or -1 when there is no block of this place and length.</summary>
    public int BlockAt(int begin, int length)
    {
        if (begin < 0 || begin >= LengthBytes || begin % BlockRequest.BlockBytes != 0)
            return -1;
        int block = begin / BlockRequest.BlockBytes;
        return length == BlockLength(block) ? block : -1;
    }

    /// <summary>Asks a peer for free blocks, in their order; answers how many.</summary>
    public int TakeFree(int peer, Span<BlockRequest> requests)
    {
        int count = 0;
        int block = _freeHint;
        for (; Free > 0 && count < requests.Length; block++)
        {
            if (_asked[block] != Nobody || _sources[block] != Nobody)
                continue;
            _asked[block] = peer;
            Free--;
            InFlight++;
            InFlightBytes += BlockLength(block);
            requests[count++] = Request(block);
        }
        _freeHint = block;
        return count;
    }

    /// <summary>Asks a peer for blocks that one other peer is asked for; answers how many.</summary>
    public int TakeBusy(int peer, Span<BlockRequest> requests)
    {
        int count = 0;
        for (int block = 0; block < BlockCount && count < requests.Length && Doubled < InFlight; block++)
        {
            if (_asked[block] == Nobody || _asked[block] == peer || _second[block] != Nobody || _sources[block] != Nobody)
                continue;
            _second[block] = peer;
            Doubled++;
            requests[count++] = Request(block);
        }
        return count;
    }

    /// <summary>A block came; false when it is here already. <paramref name="other"/>: a peer that is asked for it too, or -1.</summary>
    public bool Receive(int peer, int block, out int other)
    {
        other = Nobody;
        if (_sources[block] != Nobody)
            return false;
        if (_asked[block] == Nobody)
            Free--;
        else
        {
            other = _asked[block] == peer ? _second[block] : _asked[block];
            EndFlight(block);
        }
        _sources[block] = peer;
        Received++;
        ReceivedBytes += BlockLength(block);
        return true;
    }

    /// <summary>A peer will not send a block; false when it was not asked for it.</summary>
    public bool Release(int peer, int block)
    {
        if (_sources[block] != Nobody || peer == Nobody)
            return false;
        if (_second[block] == peer || (_asked[block] == peer && _second[block] != Nobody))
        {
            if (_asked[block] == peer)
                _asked[block] = _second[block];
            _second[block] = Nobody;
            Doubled--;
            return true;
        }
        if (_asked[block] != peer)
            return false;
        EndFlight(block);
        MakeFree(block);
        return true;
    }

    /// <summary>A peer will not send anything more; false when it was asked for nothing.</summary>
    public bool ReleaseAll(int peer)
    {
        bool changed = false;
        for (int block = 0; block < BlockCount && InFlight > 0; block++)
            changed |= Release(peer, block);
        return changed;
    }

    /// <summary>What is here is to be fetched again.</summary>
    public void DropReceived()
    {
        for (int block = 0; block < BlockCount; block++)
        {
            if (_sources[block] == Nobody)
                continue;
            _sources[block] = Nobody;
            MakeFree(block);
        }
        (Received, ReceivedBytes) = (0, 0);
    }

    private void EndFlight(int block)
    {
        if (_second[block] != Nobody)
            Doubled--;
        (_asked[block], _second[block]) = (Nobody, Nobody);
        InFlight--;
        InFlightBytes -= BlockLength(block);
    }

    private void MakeFree(int block)
    {
        Free++;
        _freeHint = Math.Min(_freeHint, block);
    }

    private int BlockLength(int block) => Math.Min(BlockRequest.BlockBytes, LengthBytes - block * BlockRequest.BlockBytes);

    private BlockRequest Request(int block) => new(Piece, block * BlockRequest.BlockBytes, BlockLength(block));
}
