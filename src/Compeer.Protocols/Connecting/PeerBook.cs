using System.Net;

namespace Compeer.Protocols.Connecting;

/// <summary>
/// The addresses a torrent knows and the one place that decides which to dial next: those the user named, then fewest
/// failures, then canonical peer priority, so that a swarm is a well-mixed graph. Single-threaded.
/// </summary>
/// <remarks>Spec: BEP 40 for the order among equals.</remarks>
public sealed class PeerBook
{
    private readonly PeerBookOptions _options;
    private readonly Func<IPEndPoint, uint> _priority;
    private readonly Dictionary<IPEndPoint, Entry> _entries = [];
    private readonly Dictionary<IPAddress, Instant> _banned = [];

    /// <param name="options">Bounds and timers.</param>
    /// <param name="priority">Canonical priority of an address for us; higher is dialled earlier.</param>
    public PeerBook(PeerBookOptions options, Func<IPEndPoint, uint> priority)
    {
        _options = options;
        _priority = priority;
    }

    /// <summary>Addresses known.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds an address; false when it is useless, banned, known or when there is no room.</summary>
    public bool Add(IPEndPoint endpoint, PeerSource source, Instant now)
    {
        if (endpoint.Port is <= 0 or > 65535 || !IsDiallable(endpoint.Address) || IsBanned(endpoint.Address, now))
            return false;
        if (_entries.TryGetValue(endpoint, out Entry? known))
        {
            known.Source = (PeerSource)Math.Max((int)known.Source, (int)source);
            return false;
        }
        if (_entries.Count >= _options.MaxPeers && !TryEvict())
            return false;
        _entries[endpoint] = new Entry(endpoint, source, _priority(endpoint));
        return true;
    }

    /// <summary>The next address to dial, marked as busy until one of the On-methods is told of it.</summary>
    public bool TryNext(Instant now, out IPEndPoint endpoint)
    {
        Entry? best = null;
        foreach (Entry entry in _entries.Values)
        {
            if (!entry.Busy && entry.NextTry <= now && (best is null || entry.IsBefore(best)))
                best = entry;
        }
        endpoint = best?.EndPoint ?? new IPEndPoint(IPAddress.None, 0);
        if (best is null)
            return false;
        best.Busy = true;
        return true;
    }

    /// <summary>When the next address becomes due, or null when none will by itself.</summary>
    public Instant? NextDue
    {
        get
        {
            Instant? due = null;
            foreach (Entry entry in _entries.Values)
            {
                if (!entry.Busy && (due is null || entry.NextTry < due))
                    due = entry.NextTry;
            }
            return due;
        }
    }

    /// <summary>The connection is up, dialled by us or accepted with a known listening address.</summary>
    public void OnConnected(IPEndPoint endpoint)
    {
        if (!_entries.TryGetValue(endpoint, out Entry? entry))
            return;
        entry.Busy = true;
        entry.Failures = 0;
    }

    /// <summary>The attempt failed.</summary>
    public void OnFailed(IPEndPoint endpoint, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out Entry? entry))
            return;
        entry.Busy = false;
        entry.Failures++;
        if (entry.Failures >= _options.MaxFailures && entry.Source != PeerSource.User)
        {
            _entries.Remove(endpoint);
            return;
        }
        double wait = _options.FirstRetry.TotalSeconds * Math.Pow(2, Math.Min(entry.Failures - 1, 16));
        entry.NextTry = now + TimeSpan.FromSeconds(Math.Min(wait, _options.MaxRetry.TotalSeconds));
    }

    /// <summary>A working connection ended. <paramref name="useful"/>: worth dialling again soon.</summary>
    public void OnClosed(IPEndPoint endpoint, bool useful, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out Entry? entry))
            return;
        if (!useful)
        {
            OnFailed(endpoint, now);
            return;
        }
        entry.Busy = false;
        entry.NextTry = now + _options.Reconnect;
    }

    /// <summary>Refuses an address, on all its ports, for a while.</summary>
    public void Ban(IPAddress address, Instant now)
    {
        if (_banned.Count >= _options.MaxPeers)
            _banned.Clear();
        _banned[address] = now + _options.Ban;
        foreach (IPEndPoint endpoint in _entries.Keys.Where(e => e.Address.Equals(address)).ToArray())
            _entries.Remove(endpoint);
    }

    /// <summary>Whether an address is refused now.</summary>
    public bool IsBanned(IPAddress address, Instant now) => _banned.TryGetValue(address, out Instant until) && now < until;

    private static bool IsDiallable(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast)
        && !address.IsIPv6Multicast && (address.GetAddressBytes() is not [var first, _, _, _] || first < 224);

    private bool TryEvict()
    {
        Entry? worst = null;
        foreach (Entry entry in _entries.Values)
        {
            if (!entry.Busy && entry.Source != PeerSource.User && (worst is null || worst.IsBefore(entry)))
                worst = entry;
        }
        return worst is not null && worst.Failures > 0 && _entries.Remove(worst.EndPoint);
    }

    private sealed class Entry(IPEndPoint endpoint, PeerSource source, uint priority)
    {
        public IPEndPoint EndPoint { get; } = endpoint;

        public PeerSource Source { get; set; } = source;

        public int Failures { get; set; }

        public Instant NextTry { get; set; }

        public bool Busy { get; set; }

        public bool IsBefore(Entry other) =>
            (Source == PeerSource.User) != (other.Source == PeerSource.User) ? Source == PeerSource.User
            : Failures != other.Failures ? Failures < other.Failures
            : Priority > other.Priority;

        private uint Priority { get; } = priority;
    }
}
