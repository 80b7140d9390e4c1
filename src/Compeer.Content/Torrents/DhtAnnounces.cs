using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Content.Torrents;

/// <summary>
/// A torrent in the DHT: looks its swarms up and announces us to them, every 14 minutes, and more often while it
/// knows too few peers. Private torrents do not come here; what runs when a link turns out to be one is called off.
/// </summary>
/// <remarks>Spec: BEP 5; BEP 27.</remarks>
internal sealed class DhtAnnounces(TorrentSession session, DhtService dht) : IDisposable
{
    // Half of the life of an announcement, less a minute: the DHT node then renews each with every other search.
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(14);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NobodyKnown = TimeSpan.FromMinutes(2);

    private GetPeersOptions _options = GetPeersOptions.Default;
    private DhtSearchReport? _joined;
    private IDisposable? _search;
    private int _swarm;
    private TimeSpan _retry = FirstRetry;
    private Instant _next;
    private Instant _ended = Instant.Zero;
    private bool _underWay;
    private bool _hasTurn;
    private bool _announcedAsSeed;
    private bool _isOver;

    /// <summary>What the last search cost and gave; null before it.</summary>
    public DhtSearchReport? LastSearch { get; private set; }

    /// <summary>What it is doing, for a person to see.</summary>
    public string InWords =>
        _underWay ? "looking the swarm up"
        : LastSearch is { } last ? $"{last.Peers} peers found, announced to {last.Stored} nodes"
        : "waiting";

    /// <summary>Time until the next search; null while one runs, or there is none.</summary>
    public TimeSpan? UntilNext => _underWay ? null : _next > session.Now ? _next - session.Now : TimeSpan.Zero;

    /// <summary>When a sleeping torrent is to be looked up next.</summary>
    public Instant NextDeadline => _underWay || session.IsPrivate ? Instant.Never : _next;

    public void OnTick()
    {
        bool isSeed = session.Phase == TorrentPhase.Seeding;
        bool isDue = session.Now >= _next || (isSeed && !_announcedAsSeed && LastSearch is not null);
        if (_underWay || _isOver || !isDue || session.Phase == TorrentPhase.Checking || session.IsHalted || session.IsPrivate)
            return;
        if (session.IsAsleep && !TryTakeTurn())
            return;
        _hasTurn = false;
        _underWay = true;
        _announcedAsSeed = isSeed;
        _options = new GetPeersOptions { AnnouncePort = (ushort)session.Services.OutsidePort, IsSeed = isSeed };
        _joined = null;
        _swarm = 0;
        Search();
    }

    /// <summary>A person wants a search now, which is granted once a minute.</summary>
    public void Hasten()
    {
        Instant earliest = LastSearch is null ? session.Now : _ended + ShortestPause;
        _next = Instant.Min(_next, earliest > session.Now ? earliest : session.Now);
    }

    /// <summary>The torrent names nodes to begin with. Spec: BEP 5, "torrent file extensions".</summary>
    public void OnMetainfo(Metainfo metainfo)
    {
        if (metainfo.IsPrivate)
            return;
        foreach (NodeAddress node in metainfo.Nodes)
        {
            // Names are not looked up: a torrent could make every node of the world ask for one.
            if (IPAddress.TryParse(node.Host, out IPAddress? address))
                dht.AddNode(new IPEndPoint(address, node.Port));
        }
    }

    /// <summary>Calls off what runs, and begins nothing more.</summary>
    public void Dispose()
    {
        _isOver = true;
        _search?.Dispose();
    }

    /// <summary>The search of one swarm ended; that of a hybrid torrent's other one follows.</summary>
    public void OnEnded(DhtSearchReport ended)
    {
        if (_isOver)
            return;
        DhtSearchReport report = _joined = _joined?.JoinedWith(ended) ?? ended;
        if (++_swarm < session.InfoHashes.SwarmIds.Count())
        {
            Search();
            return;
        }
        (_underWay, _search, _joined) = (false, null, null);
        _ended = session.Now;
        LastSearch = report;
        session.Tell(new DhtLookedUp(report, dht.Status.Nodes));
        bool hasEnough = report.Stored > 0 && (report.Peers > 0 || session.Links.Count > 0 || session.Phase == TorrentPhase.Seeding);
        _retry = hasEnough ? FirstRetry : _retry * 2 < Interval ? _retry * 2 : Interval;
        Instant due = session.Now + (hasEnough ? Interval : _retry);
        _next = session.IsAsleep ? session.Services.Turns.LookupDue(due) : due;
    }

    /// <summary>Sleeping torrents may be thousands: they are looked up one after the other, and only when there is somebody to ask.</summary>
    private bool TryTakeTurn()
    {
        if (!_hasTurn)
        {
            _hasTurn = dht.Status.Nodes > 0;
            _next = _hasTurn ? session.Services.Turns.Lookup(session.Now) : session.Now + NobodyKnown;
        }
        return _hasTurn && session.Now >= _next;
    }

    private void Search() => _search = dht.FindPeers(
        session.InfoHashes.SwarmIds.ElementAt(_swarm), _options, Found, report => session.Post(new DhtSearched(report)));

    private void Found(IReadOnlyList<IPEndPoint> peers) => session.Post(new PeersFound(peers, PeerSource.Dht));
}
