using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>Hostile nodes that know each other.</summary>
public sealed class LiarRing
{
    private readonly List<DhtContact> _members = [];

    /// <summary>Questions that members have answered with lies.</summary>
    public long Lies { get; internal set; }

    /// <summary>Adds a member.</summary>
    public void Add(DhtContact member) => _members.Insert(FirstFrom(member.Id.LeadingBits), member);

    /// <summary>Writes the members nearest to a key, nearest first; gives their number.</summary>
    internal int Nearest(Key160 target, Span<DhtContact> nearest)
    {
        (int first, int end) = Neighbourhood(target.LeadingBits, nearest.Length);
        int count = 0;
        for (int i = first; i < end; i++)
        {
            DhtContact member = _members[i];
            if (count == nearest.Length && target.CompareDistance(member.Id, nearest[count - 1].Id) >= 0)
                continue;
            int at = count == nearest.Length ? count - 1 : count++;
            for (; at > 0 && target.CompareDistance(member.Id, nearest[at - 1].Id) < 0; at--)
                nearest[at] = nearest[at - 1];
            nearest[at] = member;
        }
        return count;
    }

    /// <summary>The members that share the most leading bits with a key, but enough of them: sorted by key they stand side by side.</summary>
    private (int First, int End) Neighbourhood(ulong key, int enough)
    {
        for (int bits = 24; bits > 0; bits--)
        {
            ulong rest = ulong.MaxValue >> bits;
            int first = FirstFrom(key & ~rest);
            int end = (key | rest) == ulong.MaxValue ? _members.Count : FirstFrom((key | rest) + 1);
            if (end - first >= enough)
                return (first, end);
        }
        return (0, _members.Count);
    }

    private int FirstFrom(ulong leadingBits)
    {
        int low = 0;
        int high = _members.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_members[middle].Id.LeadingBits < leadingBits)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
