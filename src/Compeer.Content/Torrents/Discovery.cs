using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

/// <summary>
/// The ways to find peers besides trackers: those that a person or the link named, those that worked in the last run, peer
/// exchange, the DHT and the local network. A private torrent may use none of them but the first.
/// </summary>
internal sealed class Discovery
{
    /// <summary>Who may name peers of a private torrent. Spec: BEP 27.</summary>
    public const PeerSource AllowedInPrivate = PeerSource.Tracker | PeerSource.User;

    private static readonly TimeSpan ExplainEvery = TimeSpan.FromSeconds(3);

    private readonly TorrentSession _session;
    private readonly DhtAnnounces? _dht;
    private PeerMemory? _memory;
    private PeerGossip? _gossip;
    private Instant _nextExplanation;

    public Discovery(TorrentSession session)
    {
        _session = session;
        _dht = session.Services.Dht is { } dht ? new DhtAnnounces(session, dht) : null;
    }

    /// <summary>Of a sleeping torrent nothing needs to be remembered here.</summary>
    public bool IsEmpty => _dht is null && _memory is null && _gossip is null && Explained.Length == 0;

    /// <summary>Peer exchange.</summary>
    public PeerGossip Gossip => _gossip ??= new PeerGossip(_session);

    /// <summary>The DHT; null when there is none.</summary>
    public DhtAnnounces? Dht => _dht;

    /// <summary>When something is to be done for a sleeping torrent.</summary>
    public Instant NextDeadline => _dht?.NextDeadline ?? Instant.Never;

    private PeerMemory Memory => _memory ??= new PeerMemory(_session);

    /// <summary>The book in counts and words.</summary>
    public string Explained { get; private set; } = "";

    /// <summary>Puts into the book what is known without asking anybody.</summary>
    public void Begin()
    {
        foreach (IPEndPoint peer in _session.Settings.Peers)
            _session.Book.Add(peer, PeerSource.User, _session.Now);
        foreach (IPEndPoint peer in _session.Settings.LinkPeers)
            _session.Book.Add(peer, PeerSource.Link, _session.Now);
        Memory.Load();
    }

    public void OnTick()
    {
        if (!_session.IsAsleep)
            Memory.OnTick();
        _dht?.OnTick();
        // Whoever comes while we check would only be sent away.
        if (!_session.IsOnLan && !_session.IsPrivate && _session.Phase != TorrentPhase.Checking && !_session.IsHalted)
            SetOnLan(true);
        if (_session.IsAsleep || _session.Now < _nextExplanation)
            return;
        _nextExplanation = _session.Now + ExplainEvery;
        Explained = _session.Book.Explain(_session.Now).ToString();
    }

    /// <summary>The info dictionary is known, and with it whether the torrent is private.</summary>
    public void OnMetainfo(Metainfo metainfo)
    {
        if (metainfo.IsPrivate)
            GoPrivate();
        _dht?.OnMetainfo(metainfo);
    }

    /// <summary>Each way but trackers, for a person to see.</summary>
    public IEnumerable<TrackerDetails> Describe()
    {
        string? off = _session.IsHalted ? "not asked" : _session.IsPrivate ? "off, since the torrent is private" : null;
        int exchanging = _session.Links.Values.Count(l => l.Wire.Remote.PeerExchange != 0);
        yield return new TrackerDetails("dht", -1, off ?? _dht?.InWords ?? "off", null, null, off is null ? _dht?.UntilNext : null, null);
        yield return new TrackerDetails("lan", -1, off ?? (_session.Services.Lan is null ? "off" : _session.IsOnLan ? "announcing" : "waiting"), null, null, null, null);
        yield return new TrackerDetails("pex", -1, off ?? $"{exchanging} of {_session.Links.Count} peers exchange addresses", null, null, null, null);
    }

    /// <summary>The torrent stands still: nobody hears of it.</summary>
    public void Silence()
    {
        if (_session.IsOnLan)
            SetOnLan(false);
    }

    /// <summary>The torrent falls asleep.</summary>
    public void OnSleep()
    {
        Memory.Save();
        (_memory, _gossip, Explained) = (null, null, "");
    }

    /// <summary>The torrent ends.</summary>
    public void End()
    {
        SetOnLan(false);
        Memory.Save();
        _dht?.Dispose();
    }

    /// <summary>
    /// From now on the tracker's peers count, and those that the user named: who else came while we did not know (of a link) goes.
    /// </summary>
    /// <remarks>
    /// Spec: BEP 27. Peers in the link (x.pe) are no tracker's and not used. DEVIATION: peers that a person names on the command
    /// line are dialled all the same; that is no way to find peers.
    /// </remarks>
    private void GoPrivate()
    {
        SetOnLan(false);
        _dht?.Dispose();
        _gossip?.Stop();
        foreach (PeerLink link in _session.Links.Values.ToArray())
        {
            if (((link.ListenEndPoint is { } endpoint ? _session.Book.SourceOf(endpoint) : PeerSource.None) & AllowedInPrivate) == 0)
                Peers.Drop(link, "the torrent is private, and its tracker did not name this peer");
        }
        _session.Book.AcceptOnly(AllowedInPrivate, _session.Now);
    }

    private void SetOnLan(bool on)
    {
        if (_session.IsOnLan == on)
            return;
        _session.IsOnLan = on;
        foreach (Sha1Hash id in _session.InfoHashes.SwarmIds)
        {
            if (on)
                _session.Services.Lan?.Add(id);
            else
                _session.Services.Lan?.Remove(id);
        }
    }
}
