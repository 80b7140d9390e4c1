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
    public void Add(DhtContact member) => _members.Add(member);

    /// <summary>Writes the members nearest to a key, nearest first; gives their number.</summary>
    internal int Nearest(Key160 target, Span<DhtContact> nearest)
    {
        int count = 0;
        foreach (DhtContact member in _members)
        {
            if (count == nearest.Length && target.CompareDistance(member.Id, nearest[count - 1].Id) >= 0)
                continue;
            int at = count == nearest.Length ? count - 1 : count++;
            for (; at > 0 && target.CompareDistance(member.Id, nearest[at - 1].Id) < 0; at--)
                nearest[at] = nearest[at - 1];
            nearest[at] = member;
        }
        return count;
    }
}
