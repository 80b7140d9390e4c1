using System.Net;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Network.Connections;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MainlineDht;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Trackers;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Content.Torrents;

/// <summary>Everything that can reach a torrent's loop. Workers and sockets post these and touch nothing else.</summary>
internal abstract record TorrentInput;

/// <summary>It is time to look after what is due.</summary>
internal sealed record Tick : TorrentInput
{
    public static readonly Tick Instance = new();
}

/// <summary>A peer's handshake is done.</summary>
/// <param name="Dialled">The address we dialled, or null when the peer came to us.</param>
/// <param name="Punched">We dialled because a third peer introduced us.</param>
internal sealed record PeerArrived(PeerStream Stream, Handshake Remote, IPEndPoint? Dialled, bool Punched = false) : TorrentInput;

/// <summary>A dial has no answer yet; it goes on, but another way may be quicker.</summary>
internal sealed record DialSlow(IPEndPoint EndPoint) : TorrentInput;

/// <summary>A dial came to nothing.</summary>
internal sealed record DialFailed(IPEndPoint EndPoint, string Reason) : TorrentInput;

/// <summary>Bytes arrived.</summary>
internal sealed record BytesReceived(PeerLink Link, TransferBuffer Buffer) : TorrentInput;

/// <summary>Bytes reached the kernel.</summary>
internal sealed record BytesSent(PeerLink Link, int PayloadBytes) : TorrentInput;

/// <summary>The connection ended.</summary>
internal sealed record LinkClosed(PeerLink Link, string Reason) : TorrentInput;

/// <summary>Somebody named peers.</summary>
/// <param name="Teller">The address of who did, when it has one: see <see cref="PeerBook.Add"/>.</param>
internal sealed record PeersFound(IReadOnlyList<IPEndPoint> EndPoints, PeerSource Source, IPAddress? Teller = null) : TorrentInput;

/// <summary>A search in the DHT is over.</summary>
internal sealed record DhtSearched(DhtSearchReport Report) : TorrentInput;

/// <summary>Bytes of the answer to a request of a web seed.</summary>
internal sealed record WebSeedBytes(WebSeedLink Link, int Request, TransferBuffer Buffer) : TorrentInput;

/// <summary>A request to a web seed is over.</summary>
internal sealed record WebSeedEnded(WebSeedLink Link, int Request, WebSeedFailure? Failure) : TorrentInput;

/// <summary>A tracker answered, or did not.</summary>
internal sealed record TrackerAnswered(TrackerAnnouncer Announcer, AnnounceJob Job, AnnounceResult Result) : TorrentInput;

/// <summary>Pieces are verified and in their files.</summary>
internal sealed record PiecesStored(IReadOnlyList<PieceInProgress> Pieces) : TorrentInput;

/// <summary>A piece does not match its hash.</summary>
internal sealed record PieceCorrupt(PieceInProgress Piece, Sha256Hash[]? Leaves) : TorrentInput;

/// <summary>A verified piece could not be written.</summary>
internal sealed record PieceUnwritten(PieceInProgress Piece, StorageException Reason) : TorrentInput;

/// <summary>Blocks for a peer could not be read.</summary>
internal sealed record UploadFailed(PeerLink Link, UploadBatch Batch, StorageException Reason) : TorrentInput;

/// <summary>A piece was read from the disk and hashed.</summary>
internal sealed record PieceChecked(int Piece, bool Valid, int LengthBytes) : TorrentInput;

/// <summary>The leaf hashes of a piece, for peers that asked; null when they cannot be had.</summary>
internal sealed record LeavesRead(int Piece, Sha256Hash[]? Leaves) : TorrentInput;

/// <summary>Somebody wants what a sleeping torrent has put away.</summary>
internal sealed record WakeAsked : TorrentInput;

/// <summary>The loop should end in good order.</summary>
internal sealed record StopAsked : TorrentInput;
