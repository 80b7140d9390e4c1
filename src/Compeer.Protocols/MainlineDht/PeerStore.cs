using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>The peers that others announced to us: per swarm one entry an address. When it is full the swarm with the fewest peers makes room, the farthest of them first.</summary>
/// <remarks>Spec: BEP 5, "announce_peer"; BEP 33, "changed announce accounting".</remarks>
internal sealed class PeerStore(DhtOptions options, Random random)
{
    private readonly Dictionary<Key160, List<StoredPeer>> _swarms = [];

    public int SwarmCount => _swarms.Count;

    /// <summary>Whether an announcement for the key would be taken; else no token is given for it.</summary>
    public bool HasRoomFor(Key160 infoHash) =>
        !_swarms.TryGetValue(infoHash, out List<StoredPeer>? peers) || peers.Count < options.MaxPeersPerSwarm;

    public void Add(Key160 own, Key160 infoHash, NodeEndPoint peer, bool isSeed, Instant now)
    {
        if (!_swarms.TryGetValue(infoHash, out List<StoredPeer>? peers))
        {
            if (_swarms.Count >= options.MaxSwarms)
                EvictOne(own);
            _swarms[infoHash] = peers = [];
        }
        var entry = new StoredPeer(peer, isSeed, now + options.PeerLifetime);
        int at = peers.FindIndex(p => p.EndPoint.Host == peer.Host && (p.EndPoint.Port == peer.Port || !peer.IsLoopback));
        if (at >= 0)
            peers[at] = entry;
        else if (peers.Count < options.MaxPeersPerSwarm)
            peers.Add(entry);
    }

    /// <summary>Up to <paramref name="count"/> peers at random, without seeds when they are not wanted; null when nothing is known of the swarm.</summary>
    public List<NodeEndPoint>? Sample(Key160 infoHash, int count, bool noSeeds, Instant now) =>
        _swarms.TryGetValue(infoHash, out List<StoredPeer>? peers) ? Sample(peers, count, noSeeds, now) : null;

    private List<NodeEndPoint> Sample(List<StoredPeer> peers, int count, bool noSeeds, Instant now)
    {
        peers.RemoveAll(p => p.Expires <= now);
        List<NodeEndPoint> sample = [.. peers.Where(p => !noSeeds || !p.IsSeed).Select(p => p.EndPoint)];
        for (int i = 0; i < Math.Min(count, sample.Count); i++)
        {
            int other = random.Next(i, sample.Count);
            (sample[i], sample[other]) = (sample[other], sample[i]);
        }
        if (sample.Count > count)
            sample.RemoveRange(count, sample.Count - count);
        return sample;
    }

    /// <summary>Filters of the seeds and the others of a swarm; false when nothing is known of it.</summary>
    public bool TryScrape(Key160 infoHash, Instant now, out ScrapeFilter seeds, out ScrapeFilter peers)
    {
        seeds = new ScrapeFilter();
        peers = new ScrapeFilter();
        if (!_swarms.TryGetValue(infoHash, out List<StoredPeer>? stored))
            return false;
        foreach (StoredPeer peer in stored.Where(p => p.Expires > now))
            (peer.IsSeed ? seeds : peers).Add(peer.EndPoint);
        return true;
    }

    /// <summary>Up to <paramref name="count"/> keys at random. Spec: BEP 51.</summary>
    public List<Key160> SampleKeys(int count)
    {
        List<Key160> keys = [.. _swarms.Keys];
        for (int i = 0; i < Math.Min(count, keys.Count); i++)
        {
            int other = random.Next(i, keys.Count);
            (keys[i], keys[other]) = (keys[other], keys[i]);
        }
        return keys.Count > count ? keys[..count] : keys;
    }

    public void Expire(Instant now)
    {
        foreach (Key160 key in _swarms.Keys.ToArray())
        {
            List<StoredPeer> peers = _swarms[key];
            peers.RemoveAll(p => p.Expires <= now);
            if (peers.Count == 0)
                _swarms.Remove(key);
        }
    }

    private void EvictOne(Key160 own)
    {
        Key160 worst = default;
        int fewest = int.MaxValue;
        foreach ((Key160 key, List<StoredPeer> peers) in _swarms)
        {
            if (peers.Count > fewest || (peers.Count == fewest && own.CompareDistance(key, worst) <= 0))
                continue;
            (worst, fewest) = (key, peers.Count);
        }
        _swarms.Remove(worst);
    }

    private readonly record struct StoredPeer(NodeEndPoint EndPoint, bool IsSeed, Instant Expires);
}
