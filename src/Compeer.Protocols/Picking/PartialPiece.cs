namespace Compeer.Protocols.Picking;

/// <summary>A piece that was begun: which blocks are free, on their way, or here, and from whom.</summary>
internal sealed class PartialPiece
{
    private const int Nobody = -1;

    private BlockState[] _states = [];
    private int[] _first = [];
    private int[] _second = [];

    private enum BlockState : byte
    {
        Free,
        Requested,
        Received,
    }

    public int Index { get; private set; }

    public int LengthBytes { get; private set; }

    public int BlockCount { get; private set; }

    public int Free { get; private set; }

    public int Received { get; private set; }

    /// <summary>The only peer that may take blocks while others can do something else; -1 for anybody.</summary>
    public int Owner { get; set; } = Nobody;

    /// <summary>Nobody but the owner may ever take blocks.</summary>
    public bool IsExclusive { get; set; }

    public bool IsWhole => Received == BlockCount;

    /// <summary>Who sent each block; -1 for blocks that are not here.</summary>
    public ReadOnlySpan<int> Sources => _first.AsSpan(0, BlockCount);

    public void Reset(int index, int lengthBytes, int blockBytes)
    {
        Index = index;
        LengthBytes = lengthBytes;
        BlockCount = (lengthBytes + blockBytes - 1) / blockBytes;
        if (_states.Length < BlockCount)
        {
            _states = new BlockState[BlockCount];
            _first = new int[BlockCount];
            _second = new int[BlockCount];
        }
        FreeAll();
    }

    /// <summary>Everything is to be fetched again.</summary>
    public void FreeAll()
    {
        Array.Clear(_states);
        Array.Fill(_first, Nobody);
        Array.Fill(_second, Nobody);
        Free = BlockCount;
        Received = 0;
        Owner = Nobody;
        IsExclusive = false;
    }

    /// <summary>Marks the next free block from <paramref name="from"/> as requested; -1 when there is none.</summary>
    public int TakeFree(int peer, int from)
    {
        if (Free == 0)
            return -1;
        int block = Array.IndexOf(_states, BlockState.Free, from, BlockCount - from);
        if (block < 0)
            return -1;
        _states[block] = BlockState.Requested;
        _first[block] = peer;
        Free--;
        return block;
    }

    /// <summary>Marks a block that one other peer owes us as requested a second time; -1 when there is none.</summary>
    public int TakeBusy(int peer, int from)
    {
        for (int block = from; block < BlockCount; block++)
        {
            if (_states[block] == BlockState.Requested && _first[block] != peer && _second[block] == Nobody)
            {
                _second[block] = peer;
                return block;
            }
        }
        return -1;
    }

    /// <summary>A block came; false when it is here already. <paramref name="other"/>: a second peer that owes it too.</summary>
    public bool Take(int peer, int block, out int other)
    {
        other = Nobody;
        if (_states[block] == BlockState.Received)
            return false;
        if (_states[block] == BlockState.Free)
            Free--;
        else
            other = _first[block] == peer ? _second[block] : _first[block];
        _states[block] = BlockState.Received;
        _first[block] = peer;
        _second[block] = Nobody;
        Received++;
        return true;
    }

    /// <summary>A peer will not send a block.</summary>
    public void Release(int peer, int block)
    {
        if (_states[block] != BlockState.Requested)
            return;
        if (_second[block] == peer)
            _second[block] = Nobody;
        else if (_first[block] == peer)
        {
            _first[block] = _second[block];
            _second[block] = Nobody;
            if (_first[block] == Nobody)
            {
                _states[block] = BlockState.Free;
                Free++;
            }
        }
    }

    /// <summary>A peer is gone: what it owed is free, what it owned is anybody's.</summary>
    public void ReleaseAll(int peer)
    {
        for (int block = 0; block < BlockCount; block++)
            Release(peer, block);
        if (Owner != peer)
            return;
        Owner = Nobody;
        if (IsExclusive && Received < BlockCount)
            DropReceived();
    }

    /// <summary>An exclusive piece lost its author: half of it must not be mixed with another's.</summary>
    private void DropReceived()
    {
        for (int block = 0; block < BlockCount; block++)
        {
            if (_states[block] != BlockState.Received)
                continue;
            _states[block] = BlockState.Free;
            _first[block] = Nobody;
            Free++;
        }
        Received = 0;
    }
}
