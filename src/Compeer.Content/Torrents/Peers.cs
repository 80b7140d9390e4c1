using System.Net;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>Who is connected to a torrent: dials, admits, greets, and shows the door.</summary>
internal sealed class Peers(TorrentSession session)
{
    private static readonly TimeSpan WorthRedialling = TimeSpan.FromSeconds(30);

    private int _nextSlot;

    /// <summary>The connections by slot.</summary>
    public Dictionary<int, PeerLink> Links { get; } = [];

    /// <summary>The addresses known.</summary>
    public PeerBook Book { get; } = new(
        session.Services.Options.PeerBook,
        endpoint => PeerPriority.Compute(new IPEndPoint(session.Services.Options.Bind ?? IPAddress.Loopback, session.Services.ListenPort), endpoint));

    /// <summary>A number for a source of blocks that none had before.</summary>
    public int NextSlot() => _nextSlot++;

    public void OnArrived(PeerArrived arrived)
    {
        var connection = new PeerConnection(arrived.Stream, session.Services.Buffers);
        IPAddress address = connection.Remote.Address;
        string? refusal =
            !session.InfoHashes.Matches(arrived.Remote.InfoHash) ? "it serves another torrent"
            : arrived.Remote.PeerId == session.Services.PeerId ? "it is this program itself"
            : Book.IsBanned(address, session.Now) ? "it is banned"
            : Links.Count >= session.Services.Options.MaxConnections ? "there are enough connections"
            : Links.Values.Any(l => l.Wire.Theirs.PeerId == arrived.Remote.PeerId) ? "it is connected already"
            : session.Phase == TorrentPhase.Checking ? "the files are still being checked"
            : session.IsEnding ? "the torrent ends" : null;
        if (refusal is not null)
        {
            arrived.Stream.Dispose();
            if (arrived.Dialled is { } dialled)
                Book.OnFailed(dialled, session.Now);
            return;
        }
        var wire = new PeerWireSession(session.Services.Options.PeerWire, new Handshake(session.OurBits, arrived.Remote.InfoHash, session.Services.PeerId), arrived.Remote, session.Now);
        var link = new PeerLink(NextSlot(), connection, wire, arrived.Dialled, session.Now, session.Inputs);
        link.Down.Start(session.Now);
        link.Up.Start(session.Now);
        Links[link.Slot] = link;
        if (arrived.Dialled is not null)
            Book.OnConnected(arrived.Dialled);
        BeginPieces(link);
        wire.SendExtensions(session.Services.ListenPort, session.Metainfo?.InfoBytes.Length ?? 0, session.Phase == TorrentPhase.Seeding, address);
        wire.SendDhtPort(session.Services.ListenPort);
        connection.Start(link);
        session.Tell(new PeerConnected(link.EndPoint, link.ClientName, link.IsIncoming, link.Connection.Path));
        session.MarkDirty(link);
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
        if (link.IsIncoming && link.ListenEndPoint is null && link.Wire.Remote.ListenPort is { } port)
        {
            link.ListenEndPoint = new IPEndPoint(link.Address, port);
            Book.Add(link.ListenEndPoint, PeerSource.Incoming, session.Now);
            Book.OnConnected(link.ListenEndPoint);
        }
        session.Metadata.Consider(link);
        if (session.Phase == TorrentPhase.Seeding && link.Wire.Remote.IsUploadOnly)
            Drop(link, "both sides only give");
    }

    public void OnClosed(PeerLink link, string reason)
    {
        if (link.IsClosed)
            return;
        link.IsClosed = true;
        Links.Remove(link.Slot);
        reason = link.Wire.Closed ?? reason;
        session.Downloads.OnGone(link);
        session.Uploads.OnGone(link);
        session.Metadata.OnGone(link);
        session.Hashes.OnGone(link);
        if (link.ListenEndPoint is { } endpoint)
            Book.OnClosed(endpoint, link.Down.Total > 0 || session.Now - link.ConnectedAt > TimeSpan.FromSeconds(30), session.Now);
        session.Tell(new PeerClosed(link.EndPoint, link.ClientName, reason));
        session.RunAside(_ => link.Connection.DisposeAsync().AsTask());
        session.MarkAllDirty();
    }

    /// <summary>Convicts a peer: its address is refused, and it is named.</summary>
    public void Ban(PeerLink? link, IPAddress address, string reason)
    {
        Book.Ban(address, session.Now);
        IPEndPoint endpoint = link?.EndPoint ?? new IPEndPoint(address, 0);
        session.Tell(new PeerBanned(endpoint, link?.ClientName ?? "unknown", reason));
        foreach (PeerLink other in Links.Values.Where(l => l.Address.Equals(address)).ToArray())
            Drop(other, reason);
    }

    public static void Drop(PeerLink link, string reason)
    {
        link.Wire.Close(reason);
        link.Connection.Close(reason);
    }

    public void Dial()
    {
        // A seed waits to be asked, unless nobody can come to it.
        if (session.Phase is TorrentPhase.Failed or TorrentPhase.Checking || (session.Phase == TorrentPhase.Seeding && session.Settings.Peers.IsEmpty && session.Services.ListenPort != 0))
            return;
        for (int i = 0; i < 4 && Links.Count < session.Services.Options.MaxConnections && Book.TryNext(session.Now, out IPEndPoint endpoint); i++)
        {
            var ours = new Handshake(session.OurBits, session.InfoHashes.Truncated, session.Services.PeerId);
            IPEndPoint target = endpoint;
            session.RunAside(async token =>
            {
                DialResult result = await session.Services.Dialer.DialAsync(target, ours, token);
                if (result.Stream is { } stream)
                    session.Post(new PeerArrived(stream, result.Remote, target));
                else
                    session.Post(new DialFailed(target, result.Failure!));
            });
        }
    }
}
