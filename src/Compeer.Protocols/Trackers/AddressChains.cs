using System.Runtime.CompilerServices;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// Finds the peers of one address in one swarm: chains through the slots themselves, by a hash of both with the process's seed,
/// which costs 4 to 8 bytes a peer. A chain also holds others whose hash ends alike; whoever walks it compares.
/// </summary>
internal sealed class AddressChains(SwarmSlots slots)
{
    private int[] _heads = NewHeads(64);
    private int _count;

    /// <summary>The chain in which a peer of the address in the swarm would be; -1 when it is empty.</summary>
    public int First(Swarm swarm, AddressPrefix prefix) => _heads[Index(swarm, prefix)];

    /// <summary>Adds a slot that has its swarm and address.</summary>
    public void Add(int slot)
    {
        if (++_count > _heads.Length)
            Grow();
        Link(slot);
    }

    /// <summary>Removes a slot that still has its swarm and address.</summary>
    public void Remove(int slot)
    {
        _count--;
        ref int link = ref _heads[Index(slots[slot].Swarm, AddressPrefix.Of(slots[slot].Address))];
        while (link != slot)
            link = ref slots[link].NextInChain;
        link = slots[slot].NextInChain;
    }

    private static int[] NewHeads(int length)
    {
        int[] heads = new int[length];
        Array.Fill(heads, -1);
        return heads;
    }

    private int Index(Swarm swarm, AddressPrefix prefix) =>
        HashCode.Combine(RuntimeHelpers.GetHashCode(swarm), prefix) & (_heads.Length - 1);

    private void Link(int slot)
    {
        ref int head = ref _heads[Index(slots[slot].Swarm, AddressPrefix.Of(slots[slot].Address))];
        slots[slot].NextInChain = head;
        head = slot;
    }

    private void Grow()
    {
        int[] old = _heads;
        _heads = NewHeads(2 * old.Length);
        foreach (int head in old)
        {
            for (int slot = head, next; slot >= 0; slot = next)
            {
                next = slots[slot].NextInChain;
                Link(slot);
            }
        }
    }
}
