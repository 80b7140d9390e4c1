using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// A node of libp2p's DHT without any wire: it names the questions to ask, takes answers, and answers others. Its owner asks each question over a
/// stream of its own, and says which peers serve the DHT; only those come into the table, and only after they answered. Single-threaded; never throws
/// on what comes from others. Bounds in <see cref="KadOptions"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs kad-dht/README.md. A search asks the k nearest, or fewer where <see cref="KadOptions.Resiliency"/> says so.</remarks>
public sealed partial class KadNode
{
    private static readonly TimeSpan ProbePause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ExpiryPause = TimeSpan.FromMinutes(10);

    private readonly KadOptions _options;
    private readonly Random _random;
    private readonly PeerId _own;
    private readonly RoutingTable<Key256, KadContact, KadPolicy> _table;
    private readonly RefreshSchedule _refresh;
    private readonly RecordStore _records;
    private readonly ProviderStore _providers;
    private readonly Dictionary<long, KadSearch> _searches = [];
    private readonly Dictionary<long, Pending> _pending = [];
    private readonly Dictionary<PeerId, Instant> _probed = [];
    private readonly Queue<KadRequest> _outbox = new();
    private readonly Queue<KadEvent> _events = new();
    private Instant _nextExpiry;
    private long _lastId;

    /// <param name="own">Our own id.</param>
    /// <param name="options">Timers and bounds.</param>
    /// <param name="random">Where keys for refreshes come from.</param>
    public KadNode(PeerId own, KadOptions options, Random random)
    {
        (_own, _options, _random) = (own, options, random);
        Key256 key = KadContact.KeyOf(own);
        _table = new RoutingTable<Key256, KadContact, KadPolicy>(key, default);
        _refresh = new RefreshSchedule(options.RefreshInterval, options.RefreshPause);
        _records = new RecordStore(own, options, random);
        _providers = new ProviderStore(key, options);
    }

    /// <summary>Peers in the routing table.</summary>
    public int TableCount => _table.Count;

    /// <summary>Values that are kept.</summary>
    public int RecordCount => _records.Count;

    /// <summary>Entries of providers that are kept.</summary>
    public int ProviderCount => _providers.Count;

    /// <summary>Searches under way.</summary>
    public int SearchCount => _searches.Count;

    /// <summary>The peers in the routing table.</summary>
    public IEnumerable<PeerId> Table
    {
        get
        {
            for (int i = 0; i < _table.Depth; i++)
            {
                foreach (RoutingEntry<Key256, KadContact> entry in _table.Entries(i).ToArray())
                    yield return entry.Contact.Peer;
            }
        }
    }

    /// <summary>When <see cref="OnDeadline"/> is wanted.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Min(_table.Count > 0 ? _refresh.NextDeadline : Instant.Never, _nextExpiry);
            foreach (KadSearch search in _searches.Values)
            {
                if (!search.IsStoring)
                    next = Instant.Min(next, search.Lookup.NextDeadline);
            }
            return Instant.Min(next, NextRepublish);
        }
    }

    /// <summary>Looks our own key up soon, and parts of the table that are empty: for a start, or when the network changed.</summary>
    public void Refresh(Instant now) => _refresh.Restart(now);

    /// <summary>A peer says that it serves the DHT: when there is room for it, it is asked for something, and its answer brings it into the table.</summary>
    public void OnServer(PeerId peer, Instant now)
    {
        var contact = new KadContact(peer, 0);
        Key256 key = KadContact.KeyOf(peer);
        if (peer != _own && _table.WouldAdmit(key, contact))
            Probe(key, contact, now);
    }

    /// <summary>A peer serves the DHT no more.</summary>
    public void OnClient(PeerId peer)
    {
        var contact = new KadContact(peer, 0);
        _table.OnFailure(KadContact.KeyOf(peer), contact, maxFailures: 1);
    }

    /// <summary>The next question to ask.</summary>
    public bool TryTakeRequest([NotNullWhen(true)] out KadRequest? request) => _outbox.TryDequeue(out request);

    /// <summary>The next thing to know.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out KadEvent? happened) => _events.TryDequeue(out happened);

    /// <summary>The answer to a question; null where none was wanted and the question was delivered.</summary>
    /// <param name="id">The question's.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="network">Of the address where the peer answered, as <see cref="KadContact.NetworkOf"/> says.</param>
    /// <param name="now">The time.</param>
    public void OnResponse(long id, KadMessage? answer, ulong network, Instant now)
    {
        if (!_pending.TryGetValue(id, out Pending pending))
            return;
        if (answer is not null && answer.Type != pending.Type)
        {
            OnFailure(id, now);
            return;
        }
        _pending.Remove(id);
        Admit(pending.Key, pending.To with { Network = network }, now - pending.AskedAt, now);
        if (pending.Search is not { } search || !_searches.ContainsKey(search.Id))
            return;
        if (search.IsStoring)
            OnStored(search, true, now);
        else
        {
            search.Lookup.OnReply(pending.To, now);
            if (answer is not null)
                Take(search, pending.To, answer);
            Advance(search, now);
        }
    }

    /// <summary>A question was not delivered, or not answered in time or as it should be.</summary>
    public void OnFailure(long id, Instant now)
    {
        if (!_pending.Remove(id, out Pending pending))
            return;
        _table.OnFailure(pending.Key, pending.To, _options.MaxFailures);
        if (pending.Search is not { } search || !_searches.ContainsKey(search.Id))
            return;
        if (search.IsStoring)
            OnStored(search, false, now);
        else
        {
            search.Lookup.OnFailure(pending.To);
            Advance(search, now);
        }
    }

    /// <summary>Does what is due.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (KadSearch search in _searches.Values.ToArray())
        {
            if (search.IsStoring || search.Lookup.NextDeadline > now)
                continue;
            search.Lookup.OnDeadline(now);
            Advance(search, now);
        }
        if (_table.Count > 0 && _refresh.TryNext(_table, _random, now, out Key256 target))
        {
            byte[] drawn = PreimageOf(target);
            Begin(new KadMessage(KadMessageType.FindNode) { Key = drawn }, Key256.HashOf(drawn), _options.Resiliency, 1, now);
        }
        Republish(now);
        if (now < _nextExpiry)
            return;
        _nextExpiry = now + ExpiryPause;
        _records.Expire(now);
        _providers.Expire(now);
        foreach (PeerId peer in _probed.Where(p => p.Value + ProbePause < now).Select(p => p.Key).ToArray())
            _probed.Remove(peer);
    }

    /// <summary>A table learns only from answers, so that nobody gets into it by talk.</summary>
    private void Admit(in Key256 key, in KadContact contact, TimeSpan roundTrip, Instant now)
    {
        Admission admission = _table.OnReply(key, contact, roundTrip, now, out RoutingEntry<Key256, KadContact> silent);
        if (admission == Admission.Full && silent.LastReply + ProbePause < now)
            Probe(silent.Key, silent.Contact, now);
        if (admission == Admission.Admitted && _table.Count == 1)
            _refresh.Restart(now);
    }

    /// <summary>Asks a peer for itself, which shows that it lives and serves. PING is deprecated and must not be sent.</summary>
    private void Probe(in Key256 key, in KadContact contact, Instant now)
    {
        if (_probed.TryGetValue(contact.Peer, out Instant last) && now < last + ProbePause || _probed.Count >= KadPolicy.BucketSize * Key256.BitLength)
            return;
        _probed[contact.Peer] = now;
        Ask(null, key, contact, [], new KadMessage(KadMessageType.FindNode) { Key = contact.Peer.Bytes.ToArray() }, now);
    }

    private void Ask(KadSearch? search, in Key256 key, in KadContact to, IReadOnlyList<Multiaddr> addresses, KadMessage message, Instant now)
    {
        long id = ++_lastId;
        _pending[id] = new Pending(search, key, to, message.Type, now);
        _outbox.Enqueue(new KadRequest(id, to.Peer, addresses, message));
    }

    private readonly record struct Pending(KadSearch? Search, Key256 Key, KadContact To, KadMessageType Type, Instant AskedAt);
}
