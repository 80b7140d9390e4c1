using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>Remembers which peers named which target, for a bounded number of targets; the oldest goes first.</summary>
internal sealed class Introductions(int maxTargets, int maxPeersPerTarget)
{
    private readonly Dictionary<IPEndPoint, List<int>> _byTarget = [];
    private readonly Queue<IPEndPoint> _order = new();

    /// <summary>Peer <paramref name="peer"/> named <paramref name="target"/>.</summary>
    public void Add(IPEndPoint target, int peer)
    {
        if (!_byTarget.TryGetValue(target, out List<int>? peers))
        {
            if (_byTarget.Count >= maxTargets)
                _byTarget.Remove(_order.Dequeue());
            _byTarget[target] = peers = new List<int>(1);
            _order.Enqueue(target);
        }
        if (peers.Contains(peer))
            return;
        if (peers.Count >= maxPeersPerTarget)
            peers.RemoveAt(0);
        peers.Add(peer);
    }

    /// <summary>Who named it, the last first.</summary>
    public IEnumerable<int> Of(IPEndPoint target) => _byTarget.TryGetValue(target, out List<int>? peers) ? Enumerable.Reverse(peers) : [];
}
