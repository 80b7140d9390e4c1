using System.Net;
using Compeer.Content.Workers;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MetadataExchange;
using Compeer.Protocols.PeerExchange;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Content.Torrents;

/// <summary>One peer of one torrent: its connection, its session, and what the loop remembers of it. The loop's own, but for the pumps' calls, which only post, or run the loop.</summary>
internal sealed class PeerLink(int slot, PeerConnection connection, PeerWireSession wire, IPEndPoint? dialled, bool punched, Instant now, Inbox<TorrentInput> inputs)
    : IConnectionOwner
{
    private const int FirstQueue = 8;

    private readonly UploadBatch?[] _batches = new UploadBatch?[Uploads.BuffersInFlight];
    private long _rateBefore;
    private bool _slowStart = true;

    /// <summary>Its number; never used twice within a torrent.</summary>
    public int Slot { get; } = slot;

    public PeerConnection Connection { get; } = connection;

    public PeerWireSession Wire { get; } = wire;

    /// <summary>Who told us of it, when we dialled it or it said where it listens.</summary>
    public PeerSource Sources { get; set; }

    /// <summary>Null in private torrents.</summary>
    public PeerExchangeSession? Exchange { get; set; }

    /// <summary>How much it may still make us read for hashes.</summary>
    public TokenBucket? LeafAllowance { get; set; }

    /// <summary>Where it can be dialled, when known.</summary>
    public IPEndPoint? ListenEndPoint { get; set; } = dialled;

    public bool IsIncoming { get; } = dialled is null;

    /// <summary>How its bytes travel. That the remote's end is at a relay is known only when it says so.</summary>
    public PeerWay Way { get; set; } = new(connection.Path, punched);

    /// <summary>A person was told that it came.</summary>
    public bool IsTold { get; set; }

    public IPAddress Address => EndPoint.Address;

    public IPEndPoint EndPoint => Connection.Remote;

    public RateMeter Down { get; } = new();

    public RateMeter Up { get; } = new();

    /// <summary>Its pieces are counted in the picker's availability.</summary>
    public bool IsCounted { get; set; }

    /// <summary>The loop has something to do for it.</summary>
    public bool IsDirty { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>Neither side wants anything: what there is to do for it can wait for the second.</summary>
    public bool IsQuiet => !Wire.AmInterested && !Wire.PeerInterested && Metadata is null && HashRequests == 0 && UploadsInFlight == 0 && Up.IsIdle && Down.IsIdle;

    public bool HasSentPieces { get; set; }

    /// <summary>Buffers being read from disk or on their way to the kernel.</summary>
    public int UploadsInFlight { get; set; }

    /// <summary>A batch to fill, while fewer than <see cref="Uploads.BuffersInFlight"/> buffers are in flight.</summary>
    public UploadBatch FreeBatch(TorrentSession session)
    {
        foreach (ref UploadBatch? batch in _batches.AsSpan())
        {
            if ((batch ??= new UploadBatch(session, this)).IsFree)
                return batch;
        }
        throw new InvalidOperationException("All batches are in flight.");
    }

    public MetadataFetch? Metadata { get; set; }

    public bool MetadataRefused { get; set; }

    /// <summary>Requests for hashes that it has not answered.</summary>
    public int HashRequests { get; set; }

    public bool HashesRefused { get; set; }

    /// <summary>When it last sent a block we wanted, or we last had nothing asked of it.</summary>
    public Instant LastBlock { get; set; } = now;

    public bool IsSnubbed { get; set; }

    public Instant ConnectedAt { get; } = now;

    public Instant ChokeChangedAt { get; set; } = now;

    public long ReceivedInRound { get; set; }

    public long SentInTurn { get; set; }

    /// <summary>How many requests it should have outstanding: about a second and a half's worth, found by doubling at first.</summary>
    public int TargetQueue { get; private set; } = FirstQueue;

    public string ClientName => Wire.Remote.ClientName ?? Wire.Theirs.PeerId.ClientName;

    public void OnReceived(PeerConnection connection, TransferBuffer buffer)
    {
        if (!inputs.PostAndRun(new BytesReceived(this, buffer)))
            connection.Release(buffer);
    }

    public void OnSent(PeerConnection connection, int lengthBytes, int payloadBytes)
    {
        if (payloadBytes > 0)
            inputs.PostAndRun(new BytesSent(this, payloadBytes));
    }

    public void OnClosed(PeerConnection connection, string reason) => inputs.Post(new LinkClosed(this, reason));

    /// <summary>A block came: while the rate still grows, ask for more ahead.</summary>
    public void GrowQueue()
    {
        if (_slowStart && TargetQueue < Wire.MaxOutstanding)
            TargetQueue++;
    }

    /// <summary>Once a second: follow the rate.</summary>
    public void AdaptQueue()
    {
        long rate = Down.BytesPerSecond;
        if (_slowStart && rate < _rateBefore + 5 * 1024 && TargetQueue > FirstQueue)
            _slowStart = false;
        _rateBefore = rate;
        // A longer queue at a slow peer would only fix early what is better decided late: which pieces are rare.
        int byRate = (int)Math.Min(rate * 3 / 2 / BlockRequest.BlockBytes, 100_000);
        if (!_slowStart)
            TargetQueue = Math.Clamp(byRate + 4, 4, Wire.MaxOutstanding);
    }
}
