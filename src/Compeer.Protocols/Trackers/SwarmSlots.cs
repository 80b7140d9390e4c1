namespace Compeer.Protocols.Trackers;

/// <summary>One peer in one swarm: 64 bytes.</summary>
internal struct SwarmSlot
{
    public Swarm Swarm;
    public UInt128 Address;
    public Instant LastSeen;

    /// <summary>Position in its list of the swarm.</summary>
    public int Position;

    /// <summary>The next slot of the same address in the same swarm; -1 ends. In a free slot: the next free one.</summary>
    public int NextOfAddress;

    /// <summary>Neighbours in the order of the last announces; -1 ends.</summary>
    public int Older;
    public int Newer;

    public ushort Port;
    public byte List;
}

/// <summary>The slots of all swarms in one growing array, with the free ones chained and the used ones in the order of their last announce.</summary>
internal sealed class SwarmSlots
{
    private SwarmSlot[] _slots = new SwarmSlot[64];
    private int _used;
    private int _free = -1;
    private int _newest = -1;

    public int Count { get; private set; }

    /// <summary>The slot longest silent, or -1.</summary>
    public int Oldest { get; private set; } = -1;

    /// <summary>The slot in place; valid until the next <see cref="Take"/>.</summary>
    public ref SwarmSlot this[int slot] => ref _slots[slot];

    /// <summary>A slot to fill in, youngest in order.</summary>
    public int Take()
    {
        int slot = _free;
        if (slot >= 0)
        {
            _free = _slots[slot].NextOfAddress;
        }
        else
        {
            if (_used == _slots.Length)
                Array.Resize(ref _slots, 2 * _slots.Length);
            slot = _used++;
        }
        Count++;
        Append(slot);
        return slot;
    }

    public void Release(int slot)
    {
        Unlink(slot);
        _slots[slot] = new SwarmSlot { NextOfAddress = _free };
        _free = slot;
        Count--;
    }

    /// <summary>Makes a slot the youngest.</summary>
    public void Touch(int slot)
    {
        Unlink(slot);
        Append(slot);
    }

    private void Append(int slot)
    {
        _slots[slot].Older = _newest;
        _slots[slot].Newer = -1;
        if (_newest >= 0)
            _slots[_newest].Newer = slot;
        else
            Oldest = slot;
        _newest = slot;
    }

    private void Unlink(int slot)
    {
        (int older, int newer) = (_slots[slot].Older, _slots[slot].Newer);
        if (older >= 0)
            _slots[older].Newer = newer;
        else
            Oldest = newer;
        if (newer >= 0)
            _slots[newer].Older = older;
        else
            _newest = older;
    }
}
