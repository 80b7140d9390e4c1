using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// A node of the Mainline DHT of one address family: answers others, keeps a routing table, and searches for peers and
/// items. A node for IPv4 and one for IPv6 know each other as siblings and else nothing. Single-threaded; bounds are in
/// <see cref="DhtOptions"/>.
/// </summary>
/// <remarks>Spec: BEP 5, 32, 33, 42 (preferred, never demanded), 43, 44, 45 (one node an address), 51.</remarks>
public sealed partial class DhtNode
{
    private const int MaxHeld = 64;
    private const int MaxPings = 16;
    private const int MaxOutgoing = 1024;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan HeldFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ExpiryPause = TimeSpan.FromMinutes(1);

    // One for all nodes of a thread: a datagram is copied out of it as soon as it is written.
    [ThreadStatic]
    private static byte[]? s_scratch;

    private readonly DhtOptions _options;
    private readonly IEd25519? _ed25519;
    private readonly Random _random;
    private readonly bool _isV6;
    private readonly RoutingEntry<Key160, NodeEndPoint>[] _nearest = new RoutingEntry<Key160, NodeEndPoint>[MainlinePolicy.BucketSize];
    private readonly DatagramQueue _outgoing = new();
    private readonly Queue<DhtEvent> _events = new();
    private readonly List<PendingQuery> _pending = [];
    private readonly List<DhtSearch> _searches = [];
    private readonly Queue<DhtSearch> _waiting = new();
    private readonly List<(NodeEndPoint From, byte[] Datagram, Instant Until)> _held = [];
    private readonly AddressLedger _ledger;
    private readonly AddressVotes _votes = new();
    private readonly DhtTokens _tokens;
    private readonly RefreshSchedule _refresh;
    private readonly TokenBucket _replyBudget;
    private RoutingTable<Key160, NodeEndPoint, MainlinePolicy> _table;
    private readonly PeerStore _peers;
    private readonly ItemStore _items;
    private readonly PastSearches _past;
    private NodeEndPoint[] _entries = [];
    private TimeSpan _retry = FirstRetry;
    private Instant _nextBootstrap = Instant.Never;
    private Instant _nextExpiry;
    private Instant _lastUnasked;
    private int _lastSearch;
    private int _pingsUnderWay;

    /// <param name="id">Our id, kept over restarts; it changes when our address turns out to be another.</param>
    /// <param name="isV6">The family.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="ed25519">Checks mutable items; without it they are refused.</param>
    /// <param name="random">Ids, tokens and transactions come from it; it must not be predictable outside simulations.</param>
    /// <param name="now">The time.</param>
    public DhtNode(Key160 id, bool isV6, DhtOptions options, IEd25519? ed25519, Random random, Instant now)
    {
        _options = options;
        _ed25519 = ed25519;
        _random = random;
        _isV6 = isV6;
        _ledger = new AddressLedger(options, random);
        _tokens = new DhtTokens(random, now);
        _refresh = new RefreshSchedule(options.RefreshInterval, options.RefreshPause);
        _replyBudget = new TokenBucket(options.ReplyBytesPerSecond, Math.Max(1, options.ReplyBytesPerSecond * 4L));
        _table = new RoutingTable<Key160, NodeEndPoint, MainlinePolicy>(id, default);
        _peers = new PeerStore(options, random);
        _items = new ItemStore(options);
        _past = new PastSearches(options);
        _nextExpiry = now + ExpiryPause;
        _lastUnasked = now;
        _refresh.Restart(now + options.RefreshPause);
    }

    /// <summary>Our id.</summary>
    public Key160 Id => _table.Own;

    /// <summary>The node of the other family, whose contacts are given to those who want them.</summary>
    public DhtNode? Sibling { get; set; }

    /// <summary>Contacts in the routing table.</summary>
    public int NodeCount => _table.Count;

    /// <summary>Swarms and items stored for others.</summary>
    public (int Swarms, int Items) StoredCount => (_peers.SwarmCount, _items.Count);

    /// <summary>Our address as others see it, or null before enough agree.</summary>
    public NodeEndPoint? ExternalAddress => _votes.Winner;

    /// <summary>Others are told not to list us. Spec: BEP 43.</summary>
    public bool IsReadOnly { get; private set; }

    /// <summary>Questions of nodes to which we had sent nothing: others can reach us.</summary>
    public long StrangersHeard { get; private set; }

    /// <summary>Searches under way or waiting.</summary>
    public int SearchCount => _searches.Count + _waiting.Count;

    /// <summary>When <see cref="OnDeadline"/> is to be called next.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Min(Instant.Min(_nextExpiry, _nextBootstrap), _refresh.NextDeadline);
            if (_pending.Count > 0)
                next = Instant.Min(next, _pending[0].SentAt + _options.QueryTimeout);
            foreach (DhtSearch search in _searches)
                next = Instant.Min(next, search.Lookup.NextDeadline);
            return next;
        }
    }

    /// <summary>The whole routing table, for people to look at; as many as its buckets hold.</summary>
    public IReadOnlyList<DhtTableContact> Table(Instant now)
    {
        var contacts = new List<DhtTableContact>(_table.Count);
        for (int i = 0; i < _table.Depth; i++)
        {
            foreach (ref readonly RoutingEntry<Key160, NodeEndPoint> entry in _table.Entries(i))
                contacts.Add(DhtTableContact.Of(entry, _table.Own, now));
        }
        return contacts;
    }

    /// <summary>The good contacts, for a cache that makes bootstrap nodes needless after a restart.</summary>
    public IReadOnlyList<DhtContact> Contacts()
    {
        var contacts = new List<DhtContact>(_table.Count);
        for (int i = 0; i < _table.Depth; i++)
        {
            foreach (ref readonly RoutingEntry<Key160, NodeEndPoint> entry in _table.Entries(i))
            {
                if (entry.Failures == 0)
                    contacts.Add(new DhtContact(entry.Key, entry.Contact));
            }
        }
        return contacts;
    }

    /// <summary>Takes a datagram; false when it is no KRPC message.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, NodeEndPoint from, Instant now)
    {
        if (from.IsV6 != _isV6 || !from.IsPlausible || !KrpcMessage.TryRead(datagram, out KrpcMessage message))
            return false;
        if (message.Kind == KrpcKind.Query)
        {
            if (_ledger.TryTake(from, now))
                OnQuery(message, datagram, from, now);
        }
        else if (TryTakePending(message, from, out PendingQuery query))
        {
            _ledger.Prove(from, now);
            if (message.Kind == KrpcKind.Reply)
                OnReply(query, message, now);
            else
                OnErrorReply(query, message);
            AnswerHeld(from, now);
        }
        Pump(now);
        return true;
    }

    /// <summary>Gives the next datagram to send; false when there is none.</summary>
    public bool TryTransmit(out NodeEndPoint to, IBufferWriter<byte> output) => _outgoing.TryDequeue(out to, output);

    /// <summary>Gives the next event; false when there is none.</summary>
    public bool TryTakeEvent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DhtEvent? happened) => _events.TryDequeue(out happened);

    /// <summary>Time passed.</summary>
    public void OnDeadline(Instant now)
    {
        while (_pending.Count > 0 && now >= _pending[0].SentAt + _options.QueryTimeout)
        {
            PendingQuery late = _pending[0];
            _pending.RemoveAt(0);
            OnSilence(late);
        }
        foreach (DhtSearch search in _searches)
            search.Lookup.OnDeadline(now);
        if (now >= _nextExpiry)
            Expire(now);
        if (now >= _nextBootstrap)
            BootstrapAgain(now);
        if (_refresh.TryNext(_table, _random, now, out Key160 target) && _table.Count > 0)
            Refresh(target, now);
        Pump(now);
    }

    private void Expire(Instant now)
    {
        _nextExpiry = now + ExpiryPause;
        _peers.Expire(now);
        _items.Expire(now);
        _held.RemoveAll(h => h.Until <= now);
        IsReadOnly = _options.IsReadOnly || now - _lastUnasked >= _options.UnreachableAfter;
    }

    private void BootstrapAgain(Instant now)
    {
        if (_table.Count >= MainlinePolicy.BucketSize)
        {
            // A table that later runs dry begins again here.
            _retry = FirstRetry;
            _nextBootstrap = now + MaxRetry;
            return;
        }
        TimeSpan wait = _retry;
        Bootstrap(_entries, now);
        _retry = wait * 2 < MaxRetry ? wait * 2 : MaxRetry;
        _nextBootstrap = now + wait;
    }

    private void Track(in PendingQuery query)
    {
        if (_pending.Count >= _options.MaxPending)
        {
            PendingQuery oldest = _pending[0];
            _pending.RemoveAt(0);
            OnSilence(oldest);
        }
        _pending.Add(query);
        if (query.Purpose == QueryPurpose.Ping)
            _pingsUnderWay++;
    }

    /// <summary>An answer counts only with the transaction and from the endpoint of its question.</summary>
    private bool TryTakePending(in KrpcMessage message, NodeEndPoint from, out PendingQuery query)
    {
        query = default;
        if (message.Transaction.Length != sizeof(uint))
            return false;
        uint transaction = BinaryPrimitives.ReadUInt32BigEndian(message.Transaction);
        Span<PendingQuery> pending = CollectionsMarshal.AsSpan(_pending);
        int at = 0;
        while (at < pending.Length && (pending[at].Transaction != transaction || pending[at].To != from))
            at++;
        if (at == pending.Length)
            return false;
        query = pending[at];
        _pending.RemoveAt(at);
        if (query.Purpose == QueryPurpose.Ping)
            _pingsUnderWay--;
        return true;
    }

    /// <summary>Whether a question to the endpoint waits for its answer.</summary>
    private bool IsAsked(NodeEndPoint endpoint)
    {
        foreach (ref readonly PendingQuery query in CollectionsMarshal.AsSpan(_pending))
        {
            if (query.To == endpoint)
                return true;
        }
        return false;
    }

    private void OnSilence(in PendingQuery query)
    {
        if (query.Purpose == QueryPurpose.Sample)
            Emit(new DhtSampled(query.Transaction, null));
        if (query.Purpose == QueryPurpose.Ping)
            _pingsUnderWay--;
        if (query.ExpectedId is { } id)
            _table.OnFailure(id, query.To, _options.MaxFailures);
        if (query.Search is not { } search)
            return;
        search.Lookup.OnFailure(query.To);
        if (query.Purpose is QueryPurpose.Entry or QueryPurpose.Store)
            search.AsideUnderWay--;
    }

    private Span<byte> Scratch()
    {
        int needed = _options.MaxDatagramBytes + 1024;
        if (s_scratch is null || s_scratch.Length < needed)
            s_scratch = new byte[needed];
        return s_scratch;
    }

    private void Emit(DhtEvent happened)
    {
        if (_events.Count < MaxOutgoing)
            _events.Enqueue(happened);
    }
}
