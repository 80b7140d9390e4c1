using System.Net;
using Compeer.Protocols;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Scheduling;

namespace Compeer.Simulator.Networking;

/// <summary>
/// Carries datagrams between virtual endpoints, with latency, jitter, loss, duplication, partitions and NATs. Payloads wait in
/// buffers that are used again, so a datagram under way costs no allocation.
/// </summary>
public sealed class VirtualNetwork
{
    private readonly EventQueue _queue;
    private readonly Trace _trace;
    private readonly SeededRandom _random;
    private readonly Seed _natSeed;
    private readonly Dictionary<EndPointKey, VirtualHost> _hosts = [];
    private readonly Dictionary<EndPointKey, NatBox> _nats = [];
    private readonly Stack<int> _free = new();
    private InFlight[] _slots = new InFlight[256];
    private int _slotCount;
    private int _sites;

    internal VirtualNetwork(Seed seed, NetworkOptions options, EventQueue queue, Trace trace)
    {
        Options = options;
        _queue = queue;
        _trace = trace;
        _random = seed.Stream("datagrams");
        _natSeed = seed.Derive("nats");
    }

    /// <summary>How it behaves without faults.</summary>
    public NetworkOptions Options { get; }

    /// <summary>What goes wrong, and when.</summary>
    public FaultPlan Faults { get; set; } = FaultPlan.None;

    /// <summary>What became of the datagrams.</summary>
    public NetworkCounters Counters { get; } = new();

    /// <summary>Datagrams under way.</summary>
    public int InFlightCount => _slotCount - _free.Count;

    /// <summary>Adds a NAT with an outer address of its own.</summary>
    /// <param name="kind">How it maps and filters.</param>
    /// <param name="address">Its outer address, which no host may have.</param>
    /// <param name="timeout">Life of an unused mapping; two minutes by default.</param>
    /// <exception cref="ArgumentException">The address has a NAT already.</exception>
    public NatBox AddNat(NatKind kind, IPAddress address, TimeSpan? timeout = null)
    {
        var nat = new NatBox(kind, address, timeout ?? TimeSpan.FromMinutes(2), _sites, _natSeed.Derive(_sites));
        if (!_nats.TryAdd(EndPointKey.Of(address, 0), nat))
            throw new ArgumentException($"{address} has a NAT already.", nameof(address));
        _sites++;
        return nat;
    }

    internal VirtualHost Attach(int number, IPEndPoint endPoint, NatBox? nat)
    {
        if (nat is not null)
        {
            var inner = new VirtualHost(this, number, nat.Site, endPoint, nat);
            nat.Add(inner);
            return inner;
        }
        var host = new VirtualHost(this, number, _sites, endPoint, null);
        if (_nats.ContainsKey(host.Key.WithPort(0)) || !_hosts.TryAdd(host.Key, host))
            throw new ArgumentException($"{endPoint} is taken.", nameof(endPoint));
        _sites++;
        return host;
    }

    /// <param name="from">Who sends.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="payload">The datagram; copied.</param>
    /// <param name="now">The time.</param>
    /// <param name="claimed">A forged sender's address; null for the true one.</param>
    internal void Send(VirtualHost from, IPEndPoint to, ReadOnlySpan<byte> payload, Instant now, IPEndPoint? claimed = null)
    {
        from.Sent++;
        from.SentBytes += payload.Length;
        Counters.Sent++;
        Counters.SentBytes += payload.Length;
        VirtualHost? named = (to as HostEndPoint)?.Host;
        EndPointKey toKey = named?.Key ?? EndPointKey.Of(to);
        var datagram = new InFlight { From = from.EndPoint, FromKey = from.Key, To = to, ToKey = toKey };
        int toSite;
        if (from.Nat?.Inside(toKey) is { } neighbour)
        {
            datagram.Host = neighbour;
            toSite = neighbour.Site;
        }
        else if (!TryRoute(toKey, named, ref datagram, out toSite) || payload.Length > Options.MaxDatagramBytes)
        {
            Counters.Undeliverable++;
            return;
        }
        else if (from.Nat is { } nat)
        {
            NatMapping mapping = nat.Outbound(from, toKey, now);
            datagram.From = mapping.Outer;
            datagram.FromKey = mapping.OuterKey;
        }
        if (claimed is not null)
        {
            datagram.From = claimed;
            datagram.FromKey = EndPointKey.Of(claimed);
        }
        FaultPhase? fault = Faults.At(now);
        if (fault is not null && Faults.IsCut(fault, from.Site, toSite))
        {
            Counters.Cut++;
            return;
        }
        if (_random.Chance(Options.Loss) || (fault is not null && _random.Chance(fault.Loss)))
        {
            Counters.Lost++;
            return;
        }
        Launch(datagram, payload, from.Site, toSite, fault, now);
        if (_random.Chance(Options.Duplication) || (fault is not null && _random.Chance(fault.Duplication)))
        {
            Counters.Duplicated++;
            Launch(datagram, payload, from.Site, toSite, fault, now);
        }
    }

    /// <summary>Takes a datagram off the network; null when nobody gets it. The payload is valid until <see cref="Release"/>.</summary>
    internal VirtualHost? Arrive(int slot, Instant now, out IPEndPoint from, out ReadOnlySpan<byte> payload)
    {
        ref InFlight datagram = ref _slots[slot];
        from = datagram.From;
        payload = datagram.Payload.AsSpan(0, datagram.Length);
        VirtualHost? host = datagram.Host;
        if (datagram.Nat is { } nat)
        {
            host = nat.Inbound(datagram.To.Port, datagram.FromKey, now);
            if (host is null)
            {
                Counters.Filtered++;
                return null;
            }
        }
        if (host is null || !host.IsUp)
        {
            Counters.Undeliverable++;
            return null;
        }
        Counters.Delivered++;
        host.Received++;
        host.ReceivedBytes += payload.Length;
        _trace.Delivered(now, from, datagram.FromKey.Digest, datagram.To, datagram.ToKey.Digest, payload);
        return host;
    }

    internal void Release(int slot)
    {
        _slots[slot].Host = null;
        _slots[slot].Nat = null;
        _free.Push(slot);
    }

    private bool TryRoute(in EndPointKey to, VirtualHost? named, ref InFlight datagram, out int site)
    {
        site = 0;
        // An endpoint behind a NAT is somebody else's out here, and one of another world is nobody's.
        VirtualHost? host = named is not null && named.Nat is null && named.Network == this ? named : null;
        if (host is not null || _hosts.TryGetValue(to, out host))
        {
            datagram.Host = host;
            site = host.Site;
            return true;
        }
        if (_nats.Count == 0 || !_nats.TryGetValue(to.WithPort(0), out NatBox? nat))
            return false;
        datagram.Nat = nat;
        site = nat.Site;
        return true;
    }

    private void Launch(InFlight datagram, ReadOnlySpan<byte> payload, int fromSite, int toSite, FaultPhase? fault, Instant now)
    {
        TimeSpan delay = Options.Latency.OneWay(fromSite, toSite) + _random.NextSpan(Options.Jitter);
        if (fault is not null)
            delay += _random.NextSpan(fault.Jitter);
        if (!_free.TryPop(out int slot))
        {
            slot = _slotCount++;
            if (slot == _slots.Length)
                Array.Resize(ref _slots, slot * 2);
        }
        byte[]? buffer = _slots[slot].Payload;
        if (buffer is null || buffer.Length < payload.Length)
            buffer = new byte[Math.Max(payload.Length, 512)];
        payload.CopyTo(buffer);
        datagram.Payload = buffer;
        datagram.Length = payload.Length;
        _slots[slot] = datagram;
        _queue.Add(now + delay, EventKind.Arrival, slot);
    }

    private struct InFlight
    {
        public IPEndPoint From;
        public EndPointKey FromKey;
        public IPEndPoint To;
        public EndPointKey ToKey;
        public VirtualHost? Host;
        public NatBox? Nat;
        public byte[] Payload;
        public int Length;
    }
}
