using System.Net;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>Who is connected to a torrent: dials, admits, greets, and shows the door.</summary>
internal sealed class Peers(TorrentSession session)
{
    private const string Ourselves = "it is this program itself";

    private static readonly TimeSpan WorthRedialling = TimeSpan.FromSeconds(30);

    /// <summary>A dial that takes longer may never succeed; another way is tried beside it.</summary>
    private static readonly TimeSpan SlowDial = TimeSpan.FromSeconds(1);

    /// <summary>Two connections count as made at once within this time.</summary>
    private static readonly TimeSpan SameTime = TimeSpan.FromSeconds(10);

    private PeerBook? _book;
    private Takers? _takers;
    private int _nextSlot;
    private Instant _nextSeedDial;

    /// <summary>The connections by slot.</summary>
    public Dictionary<int, PeerLink> Links { get; } = [];

    /// <summary>The addresses known.</summary>
    public PeerBook Book => _book ??= NewBook();

    /// <summary>Nobody is connected, and nobody remembered.</summary>
    public bool IsEmpty => Links.Count == 0 && _takers is null && _book is null or { IsEmpty: true };

    /// <summary>How many addresses are known.</summary>
    public int KnownPeers => _book?.Count ?? 0;

    /// <summary>When a sleeping torrent is to dial next; never when it knows nobody.</summary>
    public Instant NextDial =>
        _book?.NextDue is not { } due ? Instant.Never
        : session.IsHeldBack ? session.FirstAnnounce
        : due;

    /// <summary>A number for a source of blocks that none had before.</summary>
    public int NextSlot() => _nextSlot++;

    public void OnArrived(PeerArrived arrived)
    {
        var connection = new PeerConnection(arrived.Stream, session.Services.Buffers);
        IPAddress address = connection.Remote.Address;
        PeerLink? twin = Links.Values.FirstOrDefault(l => l.Wire.Theirs.PeerId == arrived.Remote.PeerId && l.Wire.Closed is null);
        if (Refusal(arrived, connection, twin) is { } refusal)
        {
            arrived.Stream.Dispose();
            if (arrived.Dialled is { } dialled)
                OnRefused(dialled, refusal, arrived, twin);
            return;
        }
        if (twin is not null)
            Drop(twin, "a better connection to it took over");
        // An ordinary TCP dial leaves from a port of its own, so no introduction can have helped it.
        bool isOrdinary = arrived.Dialled is not null && connection.Path == PeerPath.Tcp;
        bool isPunched = arrived.Punched || (!isOrdinary && session.Punches.IsHole(connection.Remote));
        var wire = new PeerWireSession(session.Services.Options.PeerWire, new Handshake(session.OurBits, arrived.Remote.InfoHash, session.Services.PeerId), arrived.Remote, session.Now);
        var link = new PeerLink(NextSlot(), connection, wire, arrived.Dialled, isPunched, session.Now, session.Inputs);
        link.Down.Start(session.Now);
        link.Up.Start(session.Now);
        Links[link.Slot] = link;
        if (arrived.Dialled is not null)
        {
            link.Sources = Book.SourceOf(arrived.Dialled);
            Book.OnConnected(arrived.Dialled, dialled: true, session.Now);
        }
        BeginPieces(link);
        SendExtensions(link);
        wire.SendDhtPort(session.Services.ListenPort);
        session.Discovery.Gossip.OnArrived(link);
        connection.Start(link);
        // Over uTP it may be a port at a relay that we see: its extension handshake tells.
        if (connection.Path != PeerPath.Utp || !wire.HasExtensions)
            TellConnected(link);
        session.MarkDirty(link);
    }

    /// <summary>Says who we are: at first, and again when that changed.</summary>
    public void SendExtensions(PeerLink link) => link.Wire.SendExtensions(
        session.Services.PortFor(link.Address), session.Metainfo?.InfoBytes.Length ?? 0, session.Phase == TorrentPhase.Seeding, link.Address,
        offersPeerExchange: !session.IsPrivate, session.Punches.Relays.Relayed,
        // Who sees the relay's address only has to know from where else we may come.
        link.Connection.Path == PeerPath.RelayedUtp ? session.Punches.Relays.OwnAddress : null);

    /// <summary>A peer came, and the content cannot be opened for it now.</summary>
    public void OnUnwanted(PeerArrived arrived, string reason, TimeSpan wait)
    {
        arrived.Stream.Dispose();
        if (arrived.Dialled is { } dialled)
            Book.OnPutOff(dialled, reason, wait, session.Now);
    }

    private void TellConnected(PeerLink link)
    {
        if (link.IsTold)
            return;
        link.IsTold = true;
        session.Tell(new PeerConnected(
            link.EndPoint, link.ClientName, link.IsIncoming, link.IsIncoming ? PeerSource.Incoming : link.Sources, link.Way, link.Connection.IsEncrypted));
    }

    private string? Refusal(PeerArrived arrived, PeerConnection connection, PeerLink? twin) =>
        !session.InfoHashes.Matches(arrived.Remote.InfoHash) ? "it serves another torrent"
        : arrived.Remote.PeerId == session.Services.PeerId ? Ourselves
        : Book.IsBanned(connection.Remote.Address, session.Now) ? "it is banned"
        : Links.Count >= session.Services.Options.MaxConnections ? "there are enough connections"
        : twin is not null && !IsBetter(connection, arrived, twin) ? "it is connected already"
        : session.Phase == TorrentPhase.Checking ? "the files are still being checked"
        : session.IsEnding ? "the torrent ends" : null;

    /// <summary>We dialled a peer in vain; who answered and is only not wanted now is not to blame.</summary>
    private void OnRefused(IPEndPoint dialled, string refusal, PeerArrived arrived, PeerLink? twin)
    {
        if (refusal == Ourselves)
        {
            Book.OnOurselves(dialled, session.Now);
        }
        else if (!session.InfoHashes.Matches(arrived.Remote.InfoHash))
        {
            Book.OnFailed(dialled, refusal, session.Now);
        }
        else if (twin is { ListenEndPoint: null })
        {
            twin.ListenEndPoint = dialled;
            Book.OnConnected(dialled, dialled: true, session.Now);
            session.Discovery.Gossip.OnArrived(twin);
        }
        else if (!dialled.Equals(twin?.ListenEndPoint))
        {
            Book.OnPutOff(dialled, refusal, session.Phase == TorrentPhase.Checking ? TimeSpan.Zero : twin is null ? TimeSpan.FromSeconds(30) : TimeSpan.FromMinutes(5), session.Now);
        }
    }

    /// <summary>The first thing a peer hears is what we have; before the pieces are known, that is nothing.</summary>
    public void BeginPieces(PeerLink link)
    {
        if (session.Metainfo is { } metainfo)
        {
            link.Wire.SetPieces(metainfo.PieceCount, metainfo.PieceLengthAt);
            if (!link.HasSentPieces && session.Content.IsOpen)
                session.Uploads.SendPieces(link);
            else if (!link.HasSentPieces)
                link.Wire.SendHaveNone();
            if (link.Wire.RemotePieces is { Count: > 0 } pieces)
                session.Downloads.OnPieces(link, new PeerEvent { Kind = PeerEventKind.Pieces });
        }
        else
        {
            link.Wire.SendHaveNone();
        }
        link.HasSentPieces = true;
    }

    public void OnExtensions(PeerLink link)
    {
        if (link.Way.Path == PeerPath.Utp && link.EndPoint.Equals(link.Wire.Remote.Relayed))
            link.Way = new PeerWay(PeerPath.RelayedUtp, Punched: false);
        TellConnected(link);
        // Through a relay a peer sees the relay.
        if (link.Way.Path != PeerPath.RelayedUtp && link.Wire.Remote.OurAddress is { } ours)
            session.Services.PublicAddresses?.Vote(link.Address, ours, null, AddressWitness.Peer);
        if (link.IsIncoming && link.ListenEndPoint is null && link.Wire.Remote.ListenPort is { } port)
        {
            link.ListenEndPoint = new IPEndPoint(link.Address, port);
            Book.Add(link.ListenEndPoint, PeerSource.Incoming, session.Now);
            Book.OnConnected(link.ListenEndPoint, dialled: false, session.Now);
            link.Sources = Book.SourceOf(link.ListenEndPoint);
        }
        session.Discovery.Gossip.OnExtensions(link);
        session.Punches.OnExtensions(link);
        session.Metadata.Consider(link);
        if (session.Phase == TorrentPhase.Seeding && link.Wire.Remote.IsUploadOnly)
            Drop(link, "both sides only give");
    }

    /// <summary>Begun when somebody is remembered first: thousands of torrents have nobody.</summary>
    private Takers Takers => _takers ??= new Takers(session.Settings.Takers, session.Now);

    /// <summary>Who has fetched from us, those included who went.</summary>
    public IReadOnlyList<TakerDetails> DescribeTakers() => Takers.Describe(Links.Values, session.Now);

    public void OnClosed(PeerLink link, string reason)
    {
        if (link.IsClosed)
            return;
        link.IsClosed = true;
        Links.Remove(link.Slot);
        reason = link.Wire.Closed ?? reason;
        if (link.Up.Total > 0)
            Takers.OnGone(link, session.Now);
        session.Downloads.OnGone(link);
        session.Uploads.OnGone(link);
        session.Metadata.OnGone(link);
        session.Hashes.OnGone(link);
        session.Discovery.Gossip.OnGone(link);
        session.Punches.OnGone(link);
        if (link.ListenEndPoint is { } endpoint && !IsConnectedTo(endpoint))
        {
            Book.SetSeed(endpoint, link.Wire.RemotePieces?.IsComplete == true || link.Wire.Remote.IsUploadOnly);
            Book.OnClosed(endpoint, link.Down.Total > 0 || session.Now - link.ConnectedAt > WorthRedialling, reason, session.Now);
        }
        TellConnected(link);
        session.Tell(new PeerClosed(link.EndPoint, link.ClientName, reason));
        session.RunAside(_ => link.Connection.DisposeAsync().AsTask());
        session.MarkAllDirty();
    }

    /// <summary>A dial is slow or has failed.</summary>
    public void OnDial(TorrentInput outcome)
    {
        if (outcome is DialSlow slow)
            OnUnreachable(slow.EndPoint);
        else if (outcome is DialFailed failed)
            OnDialFailed(failed);
    }

    /// <summary>A dial came to nothing; unless the peer is connected by another way, somebody may introduce us.</summary>
    private void OnDialFailed(DialFailed failed)
    {
        if (IsConnectedTo(failed.EndPoint))
        {
            Book.OnConnected(failed.EndPoint, dialled: false, session.Now);
            return;
        }
        Book.OnFailed(failed.EndPoint, failed.Reason, session.Now);
        session.Tell(new PeerUnreachable(failed.EndPoint, failed.Reason));
        OnUnreachable(failed.EndPoint);
    }

    /// <summary>Whoever cannot be dialled may be met by an introduction, and if that fails too, through a relay.</summary>
    private void OnUnreachable(IPEndPoint peer)
    {
        if (session.IsHalted || IsConnectedTo(peer))
            return;
        session.Punches.OnUnreachable(peer);
        session.Punches.Relays.OnUnreachable(peer);
    }

    /// <summary>Whether the peer that listens at, or comes from, this endpoint is connected.</summary>
    public bool IsConnectedTo(IPEndPoint endpoint) =>
        Links.Values.Any(l => l.Wire.Closed is null && (endpoint.Equals(l.ListenEndPoint) || endpoint.Equals(l.EndPoint)));

    /// <summary>Convicts a peer: its address is refused, and it is named.</summary>
    public void Ban(PeerLink? link, IPAddress address, string reason)
    {
        Book.Ban(address, session.Now);
        IPEndPoint endpoint = link?.EndPoint ?? new IPEndPoint(address, 0);
        session.Tell(new PeerBanned(endpoint, link?.ClientName ?? "unknown", reason));
        foreach (PeerLink other in Links.Values.Where(l => l.Address.Equals(address)).ToArray())
            Drop(other, reason);
    }

    /// <summary>The torrent falls asleep: a book with nothing in it takes no room.</summary>
    public void OnSleep()
    {
        if (_book is { IsEmpty: true })
            _book = null;
    }

    public static void Drop(PeerLink link, string reason)
    {
        link.Wire.Close(reason);
        link.Connection.Close(reason);
    }

    public void Dial()
    {
        if (_book is null || session.IsHeldBack)
            return;
        foreach (PublicAddress known in session.Services.PublicAddresses?.Current.Known ?? [])
            Book.UseOwnEndPoint(new IPEndPoint(known.Address, session.Services.OutsidePort));
        if (session.IsHalted || session.Phase == TorrentPhase.Checking)
            return;
        // A seed behind a NAT reaches nobody unless it dials, and those who came before it wait for it; with takers for all its slots it has no hurry.
        bool isSeed = session.Phase == TorrentPhase.Seeding;
        bool hasTakers = isSeed && Links.Count >= 2 * session.Services.Options.UploadSlots;
        Book.OnlyGive = isSeed;
        if (hasTakers && session.Now < _nextSeedDial)
            return;
        _nextSeedDial = session.Now + TimeSpan.FromSeconds(1);
        for (int i = 0; i < (hasTakers ? 1 : 4) && Links.Count < session.Services.Options.MaxConnections && Book.TryNext(session.Now, out IPEndPoint endpoint); i++)
        {
            var ours = new Handshake(session.OurBits, session.InfoHashes.Truncated, session.Services.PeerId);
            IPEndPoint target = endpoint;
            session.RunAside(async token =>
            {
                Task<DialResult> dial = session.Services.Dialer.DialAsync(target, ours, token);
                if (await Task.WhenAny(dial, Task.Delay(SlowDial, token)) != dial)
                    session.Post(new DialSlow(target));
                DialResult result = await dial;
                if (result.Stream is { } stream)
                    session.Post(new PeerArrived(stream, result.Remote, target));
                else
                    session.Post(new DialFailed(target, result.Failure!));
            });
        }
    }

    private PeerBook NewBook()
    {
        var own = new IPEndPoint(session.Services.Options.Bind ?? IPAddress.Loopback, session.Services.ListenPort);
        var book = new PeerBook(session.Services.Options.PeerBook, own, session.Random);
        if (session.IsPrivate)
            book.AcceptOnly(Discovery.AllowedInPrivate, session.Now);
        return book;
    }

    /// <summary>
    /// When two peers dial each other at once they get two connections, and have to keep the same one: a direct one rather
    /// than a relayed one, TCP rather than uTP, and else that which the peer with the greater id dialled.
    /// </summary>
    private bool IsBetter(PeerConnection connection, PeerArrived arrived, PeerLink old)
    {
        bool weDialled = arrived.Dialled is not null;
        bool wasRelayed = old.Way.Path == PeerPath.RelayedUtp;
        PeerPath path = connection.Remote.Equals(old.Wire.Remote.Relayed) ? PeerPath.RelayedUtp : connection.Path;
        bool mayBeIt = SecondConnection.MayComeFrom(connection.Remote, old.EndPoint, wasRelayed, old.Wire.Remote);
        // Whom we dial ourselves we were told of; it may also be the peer's next port at a relay.
        if (wasRelayed && path != PeerPath.RelayedUtp)
            return weDialled || mayBeIt;
        if (!mayBeIt || session.Now - old.ConnectedAt >= SameTime)
            return false;
        if (path != old.Way.Path)
            return path < old.Way.Path;
        PeerId ours = session.Services.PeerId, theirs = arrived.Remote.PeerId;
        bool weKeepOurs = ours.AsSpan().SequenceCompareTo(theirs.AsSpan()) > 0;
        return old.IsIncoming == weKeepOurs && weDialled == weKeepOurs;
    }
}
