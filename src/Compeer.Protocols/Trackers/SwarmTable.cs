using System.Runtime.InteropServices;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// A tracker's memory: who is in which swarm. Every operation costs time in proportion to the peers it returns, never to the size of a swarm.
/// Spec: BEP 3 (trackers), 7, 23, 48. Bounded by <see cref="SwarmTableOptions"/>; single-threaded; a stopped or silent peer leaves,
/// and a swarm without peers is forgotten with its count of completions.
/// </summary>
public sealed class SwarmTable
{
    private const int ExpiredPerCall = 64;

    private readonly SwarmTableOptions _options;
    private readonly Random _random;
    private readonly SwarmSlots _slots = new();
    private readonly Dictionary<Sha1Hash, Swarm> _swarms = [];
    private readonly AddressChains _chains;
    private readonly Dictionary<AddressPrefix, int> _perAddress = [];

    /// <param name="options">Limits.</param>
    /// <param name="random">Which peers a client is given; unpredictable outside simulations.</param>
    public SwarmTable(SwarmTableOptions options, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxNumWant, 200, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Interval, TimeSpan.FromSeconds(1), nameof(options));
        _options = options;
        _random = random;
        _chains = new AddressChains(_slots);
    }

    public SwarmTableOptions Options => _options;

    /// <summary>Peers listed now.</summary>
    public int PeerCount => _slots.Count;

    /// <summary>Swarms with peers.</summary>
    public int SwarmCount => _swarms.Count;

    /// <summary>
    /// Lists, refreshes or removes a peer, and gives it others of its own family: leechers to seeds, both to leechers, never itself,
    /// each choice of peers equally likely.
    /// </summary>
    public SwarmAnnounceStatus Announce(SwarmAnnounce announce, Instant now, PeerSample peers, out SwarmCounts counts)
    {
        Expire(now);
        UInt128 address = AddressPrefix.Bits128(announce.Address);
        bool isV6 = !AddressPrefix.IsV4(address);
        peers.Clear(isV6);
        counts = default;
        if (_options.AllowedSwarms is { } allowed && !allowed.Contains(announce.InfoHash))
            return SwarmAnnounceStatus.NotServed;

        _swarms.TryGetValue(announce.InfoHash, out Swarm? swarm);
        int self = swarm is null ? -1 : Find(swarm, address, (ushort)announce.Port);
        if (announce.Event == AnnounceEvent.Stopped || announce.Port == 0)
        {
            if (announce.Event == AnnounceEvent.Stopped && self >= 0)
                Remove(self);
            counts = swarm?.Counts ?? default;
            if (announce.Event != AnnounceEvent.Stopped && swarm is not null)
                Fill(swarm, announce, isV6, -1, peers);
            return SwarmAnnounceStatus.Accepted;
        }
        if (self < 0 && !TryAdd(ref swarm, announce, address, out self))
            return SwarmAnnounceStatus.Full;
        Refresh(self, announce, now);
        Fill(swarm!, announce, isV6, self, peers);
        counts = swarm!.Counts;
        return SwarmAnnounceStatus.Accepted;
    }

    /// <summary>The counts of one swarm; false when it has no peers or is not served.</summary>
    public bool TryScrape(Sha1Hash infoHash, Instant now, out SwarmCounts counts)
    {
        Expire(now);
        bool found = _swarms.TryGetValue(infoHash, out Swarm? swarm);
        counts = swarm?.Counts ?? default;
        return found;
    }

    /// <summary>Forgets some of the peers that were silent for twice the interval; every other call does so too.</summary>
    public void Expire(Instant now)
    {
        TimeSpan silence = 2 * _options.Interval;
        for (int i = 0; i < ExpiredPerCall && _slots.Oldest >= 0 && now - _slots[_slots.Oldest].LastSeen > silence; i++)
            Remove(_slots.Oldest);
    }

    private int Find(Swarm swarm, UInt128 address, ushort port)
    {
        int slot = _chains.First(swarm, AddressPrefix.Of(address));
        while (slot >= 0 && (_slots[slot].Port != port || _slots[slot].Swarm != swarm || _slots[slot].Address != address))
            slot = _slots[slot].NextInChain;
        return slot;
    }

    private bool TryAdd(ref Swarm? swarm, SwarmAnnounce announce, UInt128 address, out int slot)
    {
        slot = -1;
        AddressPrefix prefix = AddressPrefix.Of(address);
        if (swarm is not null)
            MakeRoomInSwarm(swarm, prefix);
        if (_slots.Count >= _options.MaxPeers
            || _perAddress.GetValueOrDefault(prefix) >= _options.MaxPeersPerAddress
            || (swarm is null ? _swarms.Count >= _options.MaxSwarms : swarm.Count >= _options.MaxPeersPerSwarm))
            return false;

        swarm ??= new Swarm(announce.InfoHash);
        _swarms[announce.InfoHash] = swarm;
        slot = _slots.Take();
        ref SwarmSlot peer = ref _slots[slot];
        peer.Swarm = swarm;
        peer.Address = address;
        peer.Port = (ushort)announce.Port;
        peer.List = (byte)Swarm.ListOf(announce.IsSeed, !AddressPrefix.IsV4(address));
        peer.Position = swarm.Add(peer.List, slot);
        _chains.Add(slot);
        CollectionsMarshal.GetValueRefOrAddDefault(_perAddress, prefix, out _)++;
        return true;
    }

    /// <summary>Removes the longest silent peer of an address that has reached its limit in the swarm; the swarm stays, since a peer is about to join.</summary>
    private void MakeRoomInSwarm(Swarm swarm, AddressPrefix prefix)
    {
        int oldest = -1;
        int length = 0;
        for (int slot = _chains.First(swarm, prefix); slot >= 0; slot = _slots[slot].NextInChain)
        {
            ref readonly SwarmSlot peer = ref _slots[slot];
            if (peer.Swarm != swarm || AddressPrefix.Of(peer.Address) != prefix)
                continue;
            length++;
            if (oldest < 0 || peer.LastSeen < _slots[oldest].LastSeen)
                oldest = slot;
        }
        if (length >= _options.MaxPeersPerAddressInSwarm)
            Remove(oldest, keepSwarm: true);
    }

    private void Refresh(int slot, SwarmAnnounce announce, Instant now)
    {
        ref SwarmSlot peer = ref _slots[slot];
        peer.LastSeen = now;
        int list = Swarm.ListOf(announce.IsSeed, !AddressPrefix.IsV4(peer.Address));
        if (list != peer.List)
        {
            // Counted when a listed leecher becomes a seed, so repeating the event counts nothing.
            if (announce.Event == AnnounceEvent.Completed && announce.IsSeed)
                peer.Swarm.Downloaded++;
            TakeFromList(slot);
            peer.List = (byte)list;
            peer.Position = peer.Swarm.Add(list, slot);
        }
        _slots.Touch(slot);
    }

    private void TakeFromList(int slot)
    {
        ref SwarmSlot peer = ref _slots[slot];
        int moved = peer.Swarm.RemoveAt(peer.List, peer.Position);
        _slots[moved].Position = peer.Position;
    }

    private void Remove(int slot, bool keepSwarm = false)
    {
        Swarm swarm = _slots[slot].Swarm;
        AddressPrefix prefix = AddressPrefix.Of(_slots[slot].Address);
        TakeFromList(slot);
        if (swarm.Count == 0 && !keepSwarm)
            _swarms.Remove(swarm.InfoHash);
        _chains.Remove(slot);
        ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(_perAddress, prefix);
        if (--count == 0)
            _perAddress.Remove(prefix);
        _slots.Release(slot);
    }

    private void Fill(Swarm swarm, SwarmAnnounce announce, bool isV6, int self, PeerSample peers)
    {
        int want = Math.Min(announce.NumWant < 0 ? _options.DefaultNumWant : announce.NumWant, _options.MaxNumWant);
        int leechers = Swarm.ListOf(isSeed: false, isV6);
        int seeds = Swarm.ListOf(isSeed: true, isV6);
        int leechersLeft = swarm.CountOf(leechers);
        int seedsLeft = announce.IsSeed ? 0 : swarm.CountOf(seeds);
        // Each draw moves the chosen one to the front part of its list, so no draw repeats: a partial shuffle in place.
        while (peers.Count < want && leechersLeft + seedsLeft > 0)
        {
            int drawn = _random.Next(leechersLeft + seedsLeft);
            int chosen = drawn < leechersLeft ? Draw(swarm, leechers, leechersLeft--, drawn) : Draw(swarm, seeds, seedsLeft--, drawn - leechersLeft);
            if (chosen != self)
                peers.Add(_slots[chosen].Address, _slots[chosen].Port);
        }
    }

    private int Draw(Swarm swarm, int list, int left, int drawn)
    {
        int target = swarm.CountOf(list) - left;
        int from = target + drawn;
        swarm.Exchange(list, target, from);
        int chosen = swarm.SlotAt(list, target);
        _slots[swarm.SlotAt(list, from)].Position = from;
        _slots[chosen].Position = target;
        return chosen;
    }
}
