using System.Net;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Connecting;

/// <summary>
/// The addresses a torrent knows, and the one place that decides whom to dial next: those a person or the link named, then
/// the local network, then those reached before, then fewest failures, then canonical peer priority, so that a swarm is a
/// well-mixed graph; addresses of sources that were always wrong come last. It can say why. Single-threaded. Every operation
/// but <see cref="Explain(Instant)"/> costs the logarithm of the number of entries. Bounds: <see cref="PeerBookOptions"/>.
/// </summary>
/// <remarks>Spec: BEP 40 for the order among equals; BEP 11, "security considerations", for the limits.</remarks>
public sealed partial class PeerBook
{
    private const int MaxTurns = 64;

    private readonly PeerBookOptions _options;
    private readonly Random _random;
    private readonly DialLimits _limits;
    private readonly TellerTrust _trust;
    private readonly Dictionary<IPEndPoint, PeerEntry> _entries = [];
    private readonly SortedSet<PeerEntry> _ready = new(Comparer<PeerEntry>.Create(PeerEntry.CompareTurn));
    private readonly SortedSet<PeerEntry> _waiting = new(Comparer<PeerEntry>.Create(PeerEntry.CompareWait));
    private readonly Dictionary<IPAddress, Instant> _banned = [];
    private readonly HashSet<IPEndPoint> _ourselves = [];
    private readonly List<IPEndPoint> _own;
    private PeerSource? _onlyFrom;
    private long _nextNumber;
    private int _dialling;
    private bool _onlyGive;

    /// <param name="options">Bounds and timers.</param>
    /// <param name="own">Our address as others see it, as far as known: canonical priority needs it.</param>
    /// <param name="random">Spreads retries.</param>
    public PeerBook(PeerBookOptions options, IPEndPoint own, Random random)
    {
        _options = options;
        _own = [own];
        _random = random;
        _limits = new DialLimits(options);
        _trust = new TellerTrust(options);
    }

    /// <summary>Addresses known.</summary>
    public int Count => _entries.Count;

    /// <summary>It knows nothing that a new book would not know.</summary>
    public bool IsEmpty => _entries.Count == 0 && _banned.Count == 0 && _ourselves.Count == 0;

    /// <summary>We fetch nothing more: those who only give are not dialled.</summary>
    public bool OnlyGive
    {
        get => _onlyGive;
        set
        {
            if (_onlyGive == value)
                return;
            _onlyGive = value;
            foreach (PeerEntry entry in _entries.Values.Where(e => e.IsSeed && !e.IsBusy).ToArray())
            {
                Take(entry);
                Place(entry);
            }
        }
    }

    /// <summary>When the next address becomes due, or null when none will by itself.</summary>
    public Instant? NextDue => _ready.Count > 0 ? _ready.Min!.NextTry : _waiting.Min?.NextTry;

    /// <summary>Adds an address, or another source of one that is known.</summary>
    /// <param name="endpoint">Where the peer listens.</param>
    /// <param name="source">What kind of source tells of it.</param>
    /// <param name="now">Now.</param>
    /// <param name="teller">The address of who told, when it has one: what reaches less far than its teller is refused.</param>
    /// <param name="isSeed">It is said to give only.</param>
    /// <returns>None when it was taken or known; else the reason why not.</returns>
    public PeerRefusal Add(IPEndPoint endpoint, PeerSource source, Instant now, IPAddress? teller = null, bool isSeed = false)
    {
        PeerRefusal refusal = AddOrRefuse(endpoint, source, now, teller, isSeed);
        if (refusal != PeerRefusal.None)
            _refusals[(int)refusal]++;
        return refusal;
    }

    /// <summary>The next address to dial, marked as busy until one of the On-methods is told of it.</summary>
    public bool TryNext(Instant now, out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.None, 0);
        if (_dialling >= _options.MaxDialling)
            return false;
        while (_waiting.Min is { } due && due.NextTry <= now)
        {
            Take(due);
            due.State = PeerState.Ready;
            _ready.Add(due);
        }
        for (int turn = 0; turn < MaxTurns && _ready.Min is { } entry; turn++)
        {
            Take(entry);
            if (_limits.TryBegin(entry, now, out Instant again, out string why))
            {
                entry.State = PeerState.Dialling;
                _dialling++;
                endpoint = entry.EndPoint;
                return true;
            }
            Wait(entry, again, why);
        }
        return false;
    }

    /// <summary>The connection is up. <paramref name="dialled"/>: by us, which proves the address; else the peer came and named it.</summary>
    public void OnConnected(IPEndPoint endpoint, bool dialled, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry))
            return;
        Take(entry);
        if (dialled)
            Reached(entry, now);
        else
            Release(entry, reached: true, now);
        entry.State = PeerState.Connected;
        entry.Failures = 0;
        entry.Why = "";
    }

    /// <summary>The dial came to nothing.</summary>
    /// <param name="endpoint">The address dialled.</param>
    /// <param name="reason">One clause.</param>
    /// <param name="now">Now.</param>
    public void OnFailed(IPEndPoint endpoint, string reason, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry) || entry.State == PeerState.Connected)
            return;
        Take(entry);
        Release(entry, reached: false, now);
        Blame(entry, answered: false);
        Fail(entry, reason, now);
    }

    /// <summary>A peer answered there and is not wanted now: it is tried again later, without blame.</summary>
    public void OnPutOff(IPEndPoint endpoint, string reason, TimeSpan wait, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry) || entry.State == PeerState.Connected)
            return;
        Take(entry);
        Reached(entry, now);
        Wait(entry, now + wait, reason);
    }

    /// <summary>We dialled ourselves.</summary>
    public void OnOurselves(IPEndPoint endpoint, Instant now)
    {
        if (_ourselves.Count < _options.MaxPeers)
            _ourselves.Add(endpoint);
        Forget(endpoint, now);
    }

    /// <summary>A working connection ended. <paramref name="useful"/>: worth dialling again soon.</summary>
    public void OnClosed(IPEndPoint endpoint, bool useful, string reason, Instant now)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry) || entry.State != PeerState.Connected)
            return;
        if (entry.IsVerified)
            entry.LastSeen = now;
        if (useful)
            Wait(entry, now + _options.Reconnect, reason);
        else
            Fail(entry, reason, now);
    }

    /// <summary>A peer gives only, or fetches again.</summary>
    public void SetSeed(IPEndPoint endpoint, bool isSeed)
    {
        if (!_entries.TryGetValue(endpoint, out PeerEntry? entry) || entry.IsSeed == isSeed)
            return;
        Take(entry);
        entry.IsSeed = isSeed;
        Place(entry);
    }

    /// <summary>Who told of an address; none when it is not known.</summary>
    public PeerSource SourceOf(IPEndPoint endpoint) => _entries.TryGetValue(endpoint, out PeerEntry? entry) ? entry.Sources : PeerSource.None;

    /// <summary>
    /// From now on only these sources count: what others told is forgotten, and refused. For a torrent that turns out to be private.
    /// </summary>
    /// <remarks>Spec: BEP 27.</remarks>
    public void AcceptOnly(PeerSource sources, Instant now)
    {
        _onlyFrom = sources;
        foreach (PeerEntry entry in _entries.Values.ToArray())
        {
            if ((entry.Sources & sources) == 0)
            {
                Forget(entry.EndPoint, now);
                continue;
            }
            Take(entry);
            entry.Sources &= sources;
            Place(entry);
        }
    }

    /// <summary>Our address of one family became known, or changed: the priority of everybody in that family with it.</summary>
    public void UseOwnEndPoint(IPEndPoint own)
    {
        if (_own.Contains(own))
            return;
        _own.RemoveAll(o => StunAddressCodec.IsV6(o.Address) == StunAddressCodec.IsV6(own.Address));
        _own.Add(own);
        _ready.Clear();
        foreach (PeerEntry entry in _entries.Values)
        {
            entry.Priority = PriorityOf(entry.EndPoint);
            if (entry.State == PeerState.Ready)
                _ready.Add(entry);
        }
    }

    /// <summary>Refuses an address, on all its ports, for a while.</summary>
    public void Ban(IPAddress address, Instant now)
    {
        if (_banned.Count >= _options.MaxPeers)
            _banned.Clear();
        _banned[address] = now + _options.Ban;
        foreach (PeerEntry entry in _limits.At(address).ToArray())
            Forget(entry.EndPoint, now);
    }

    /// <summary>Whether an address is refused now.</summary>
    public bool IsBanned(IPAddress address, Instant now) => _banned.TryGetValue(address, out Instant until) && now < until;

    /// <summary>Peers that we dialled with success, the most recent first: worth trying first the next time.</summary>
    public IReadOnlyList<RememberedPeer> Worked(int max)
    {
        List<PeerEntry> worked = [.. _entries.Values.Where(e => e.IsVerified && e.EndPoint.Address is { IsIPv6LinkLocal: false })];
        worked.Sort(static (a, b) =>
        {
            int connected = (b.State == PeerState.Connected).CompareTo(a.State == PeerState.Connected);
            return connected != 0 ? connected : b.LastSeen.CompareTo(a.LastSeen);
        });
        return [.. worked.Take(max).Select(e => new RememberedPeer(e.EndPoint, e.Sources))];
    }

    /// <summary>With our address of the other family an endpoint has none.</summary>
    private uint PriorityOf(IPEndPoint endpoint) => _own.Max(own => PeerPriority.Compute(own, endpoint));

    private PeerRefusal AddOrRefuse(IPEndPoint endpoint, PeerSource source, Instant now, IPAddress? teller, bool isSeed)
    {
        PeerEntry? instead = null;
        PeerRefusal refusal =
            !AddressReaches.CanBePeer(endpoint) ? PeerRefusal.Impossible
            : _onlyFrom is { } only && (source & only) == 0 ? PeerRefusal.Private
            : _ourselves.Contains(endpoint) ? PeerRefusal.Ourselves
            : IsBanned(endpoint.Address, now) ? PeerRefusal.Banned
            : teller is not null && AddressReaches.Of(endpoint.Address) < AddressReaches.Of(teller) ? PeerRefusal.LocalFromStranger
            : PeerRefusal.None;
        if (refusal != PeerRefusal.None)
            return refusal;
        TellerTally? tally = _trust.Of(source, teller);
        if (_entries.TryGetValue(endpoint, out PeerEntry? known))
        {
            AddSource(known, source, tally, isSeed, now);
            return PeerRefusal.None;
        }
        if (!source.IsNamed())
            refusal = _limits.Check(endpoint, out instead);
        if (refusal != PeerRefusal.None)
            return refusal;
        if (instead is not null)
            Forget(instead.EndPoint, now);
        else if (_entries.Count >= _options.MaxPeers && !TryEvict(now))
            return PeerRefusal.Full;
        var entry = new PeerEntry(endpoint, _nextNumber++)
        {
            Sources = source, Tally = tally, Priority = PriorityOf(endpoint), NextTry = now, IsSeed = isSeed,
        };
        _entries[endpoint] = entry;
        _limits.Add(entry, now);
        Place(entry);
        return PeerRefusal.None;
    }

    private void AddSource(PeerEntry entry, PeerSource source, TellerTally? tally, bool isSeed, Instant now)
    {
        bool isNew = (entry.Sources & source) == 0;
        Take(entry);
        entry.Sources |= source;
        entry.IsSeed |= isSeed && entry.State != PeerState.Connected;
        if (entry.Tally is { IsDoubted: true } && tally is not { IsDoubted: true })
            entry.Tally = tally;
        // Somebody who should know says that it is there now.
        if (isNew && (source & (PeerSource.User | PeerSource.LocalNetwork)) != 0)
            entry.NextTry = Instant.Min(entry.NextTry, now);
        Place(entry);
    }

    /// <summary>Removes the entry from the orders, so that it may change.</summary>
    private void Take(PeerEntry entry)
    {
        if (entry.State == PeerState.Ready)
            _ready.Remove(entry);
        else if (entry.State == PeerState.Waiting)
            _waiting.Remove(entry);
    }

    /// <summary>Puts an entry that is not busy where it belongs; an entry whose time has come is found by the next turn.</summary>
    private void Place(PeerEntry entry)
    {
        if (entry.IsBusy)
            return;
        entry.State = entry.IsSeed && _onlyGive ? PeerState.Resting : PeerState.Waiting;
        if (entry.State == PeerState.Waiting)
            _waiting.Add(entry);
    }

    private void Wait(PeerEntry entry, Instant until, string why)
    {
        entry.State = PeerState.Waiting;
        entry.NextTry = until;
        entry.Why = why;
        Place(entry);
    }

    private void Fail(PeerEntry entry, string reason, Instant now)
    {
        entry.State = PeerState.Waiting;
        entry.Failures++;
        if (entry.Failures >= _options.MaxFailures && !entry.Sources.IsNamed())
        {
            Forget(entry.EndPoint, now);
            return;
        }
        bool hearsay = !entry.IsVerified && !entry.Sources.IsNamed() && !entry.Sources.HasFlag(PeerSource.LocalNetwork);
        double first = (hearsay ? _options.FirstHearsayRetry : _options.FirstRetry).TotalSeconds;
        double wait = Math.Min(first * Math.Pow(2, Math.Min(entry.Failures - 1, 16)), _options.MaxRetry.TotalSeconds);
        Wait(entry, now + TimeSpan.FromSeconds(wait * (0.75 + (_random.NextDouble() / 2))), reason);
    }

    private void Reached(PeerEntry entry, Instant now)
    {
        Release(entry, reached: true, now);
        Blame(entry, answered: true);
        entry.IsVerified = true;
        entry.LastSeen = now;
    }

    private void Release(PeerEntry entry, bool reached, Instant now)
    {
        if (entry.State != PeerState.Dialling)
            return;
        entry.State = PeerState.Waiting;
        _dialling--;
        DialLimits.End(entry, reached, now);
    }

    /// <summary>Credits or blames who told of it, once; all that teller's entries change their place when it loses or regains trust.</summary>
    private void Blame(PeerEntry entry, bool answered)
    {
        if (entry.Tally is not { } tally || entry.IsCounted)
            return;
        entry.IsCounted = true;
        if (!_trust.Count(tally, answered, out bool doubted))
            return;
        PeerEntry[] moved = [.. _ready.Where(e => e.Tally == tally)];
        foreach (PeerEntry other in moved)
            _ready.Remove(other);
        tally.IsDoubted = doubted;
        foreach (PeerEntry other in moved)
            _ready.Add(other);
    }

    private void Forget(IPEndPoint endpoint, Instant now)
    {
        if (!_entries.Remove(endpoint, out PeerEntry? entry))
            return;
        Take(entry);
        Release(entry, reached: false, now);
        _limits.Remove(entry, now);
    }

    /// <summary>Makes room by forgetting what has the longest to wait after failures, else who stands last in a doubted source's line.</summary>
    private bool TryEvict(Instant now)
    {
        PeerEntry? worst = _waiting.Max is { Failures: > 0, MayBeForgotten: true } failing ? failing
            : _ready.Max is { MayBeForgotten: true } last && (last.Failures > 0 || last.Rank == 4) ? last : null;
        if (worst is null)
            return false;
        Forget(worst.EndPoint, now);
        return true;
    }
}
