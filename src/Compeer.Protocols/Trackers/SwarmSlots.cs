namespace Compeer.Protocols.Trackers;

/// <summary>One peer in one swarm: 64 bytes.</summary>
internal struct SwarmSlot
{
    public Swarm Swarm;
    public UInt128 Address;
    public Instant LastSeen;

    /// <summary>Position in its list of the swarm.</summary>
    public int Position;

    /// <summary>The next slot in its chain of <see cref="AddressChains"/>; -1 ends. In a free slot: the next free one.</summary>
    public int NextInChain;

    /// <summary>Neighbours in the order of the last announces; -1 ends.</summary>
    public int Older;
    public int Newer;

    public ushort Port;
    public byte List;
}

/// <summary>The slots of all swarms in pages that never move, with the free ones chained and the used ones in the order of their last announce.</summary>
internal sealed class SwarmSlots
{
    private const int PageBits = 10;
    private const int PageMask = (1 << PageBits) - 1;

    private readonly List<SwarmSlot[]> _pages = [];
    private int _used;
    private int _free = -1;
    private int _newest = -1;

    public int Count { get; private set; }

    /// <summary>The slot longest silent, or -1.</summary>
    public int Oldest { get; private set; } = -1;

    /// <summary>The slot in place.</summary>
    public ref SwarmSlot this[int slot] => ref _pages[slot >> PageBits][slot & PageMask];

    /// <summary>A slot to fill in, youngest in order.</summary>
    public int Take()
    {
        int slot = _free;
        if (slot >= 0)
        {
            _free = this[slot].NextInChain;
        }
        else
        {
            if (_used >> PageBits == _pages.Count)
                _pages.Add(new SwarmSlot[1 << PageBits]);
            slot = _used++;
        }
        Count++;
        Append(slot);
        return slot;
    }

    public void Release(int slot)
    {
        Unlink(slot);
        this[slot] = new SwarmSlot { NextInChain = _free };
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
        this[slot].Older = _newest;
        this[slot].Newer = -1;
        if (_newest >= 0)
            this[_newest].Newer = slot;
        else
            Oldest = slot;
        _newest = slot;
    }

    private void Unlink(int slot)
    {
        (int older, int newer) = (this[slot].Older, this[slot].Newer);
        if (older >= 0)
            this[older].Newer = newer;
        else
            Oldest = newer;
        if (newer >= 0)
            this[newer].Older = older;
        else
            _newest = older;
    }
}
