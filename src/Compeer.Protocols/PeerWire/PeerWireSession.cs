using System.Buffers;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Protocols.PeerWire;

/// <summary>
/// A connection between two peers after both handshakes: keeps the state that both sides agreed on, checks every
/// message against it, and turns intents into messages. Single-threaded; never throws on what the remote sends; ends
/// in <see cref="Closed"/>. Memory: see <see cref="PeerWireOptions"/>.
/// </summary>
/// <remarks>Spec: BEP 3, 6, 9, 10, 11, 21, 52, 54, 55.</remarks>
public sealed partial class PeerWireSession
{
    private const int KeptControlBytes = 64 * 1024;

    private readonly PeerWireOptions _options;
    private readonly PeerMessageReader _reader = new();
    private readonly RemotePieces _pieces = new();
    private readonly OutstandingRequests _outstanding = new();
    private readonly IncomingRequests _incoming;
    private readonly HashSet<int> _allowedFastIn = [];
    private readonly Dictionary<int, int> _allowedFastOut = [];
    private readonly HashSet<int> _metadataAsked = [];
    private readonly List<(Sha256Hash Root, HashRange Range)> _hashesAsked = [];
    private ArrayBufferWriter<byte> _control = new(256);
    private Func<int, int>? _pieceLengthAt;
    private int _pieceCount = -1;
    private bool _sawPieces;
    private bool _sawOther;
    private int _allowedFastOffers;
    private int _rejectsInRow;
    private int _unrequested;
    private int _refused;
    private Instant _refusedSince;
    private Instant _lastReceived;
    private Instant _lastSent;

    /// <param name="options">Bounds and timers.</param>
    /// <param name="ours">Our handshake.</param>
    /// <param name="theirs">The remote's handshake.</param>
    /// <param name="now">Now.</param>
    public PeerWireSession(PeerWireOptions options, Handshake ours, Handshake theirs, Instant now)
    {
        _options = options;
        _incoming = new IncomingRequests(options.MaxIncomingRequests);
        Theirs = theirs;
        ReservedBits common = ours.Reserved & theirs.Reserved;
        HasFast = common.HasFlag(ReservedBits.Fast);
        HasExtensions = common.HasFlag(ReservedBits.Extensions);
        HasDht = common.HasFlag(ReservedBits.Dht);
        _lastReceived = _lastSent = now;
    }

    /// <summary>The remote's handshake.</summary>
    public Handshake Theirs { get; }

    /// <summary>Both speak BEP 6.</summary>
    public bool HasFast { get; }

    /// <summary>Both speak BEP 10.</summary>
    public bool HasExtensions { get; }

    /// <summary>Both take part in the DHT. Spec: BEP 5.</summary>
    public bool HasDht { get; }

    /// <summary>We do not serve the remote.</summary>
    public bool AmChoking { get; private set; } = true;

    /// <summary>We want something of the remote.</summary>
    public bool AmInterested { get; private set; }

    /// <summary>The remote does not serve us.</summary>
    public bool PeerChoking { get; private set; } = true;

    /// <summary>The remote wants something of ours.</summary>
    public bool PeerInterested { get; private set; }

    /// <summary>The remote's pieces; null until their number is known.</summary>
    public PieceSet? RemotePieces => _pieces.Set;

    /// <summary>What the remote said of itself.</summary>
    public RemoteExtensions Remote { get; } = new();

    /// <summary>The remote's extension handshake came.</summary>
    public bool HasRemoteExtensions { get; private set; }

    /// <summary>We said that we exchange peers.</summary>
    public bool OffersPeerExchange { get; private set; }

    /// <summary>Requests of ours that are not answered.</summary>
    public int Outstanding => _outstanding.Count;

    /// <summary>How many may be.</summary>
    public int MaxOutstanding => Math.Min(_options.MaxOutstanding, Remote.RequestQueue ?? _options.DefaultOutstanding);

    /// <summary>Requests of the remote that wait.</summary>
    public int IncomingRequests => _incoming.Count;

    /// <summary>Pieces that the remote serves even while it chokes us.</summary>
    public IReadOnlySet<int> AllowedFast => _allowedFastIn;

    /// <summary>Bytes that <see cref="TryTransmit"/> would move.</summary>
    public int QueuedControlBytes => _control.WrittenCount;

    /// <summary>Why it ended, as a clause about the remote; null while it lives.</summary>
    public string? Closed { get; private set; }

    /// <summary>When <see cref="OnDeadline"/> wants to be called.</summary>
    public Instant NextDeadline => Closed is not null ? Instant.Never : Instant.Min(_lastSent + _options.KeepAlive, _lastReceived + _options.Silence);

    /// <summary>The torrent's pieces became known. Closes when what the remote said before does not fit them.</summary>
    /// <param name="pieceCount">Their number.</param>
    /// <param name="pieceLengthAt">Bytes of each that may be asked of us.</param>
    /// <exception cref="InvalidOperationException">They were known.</exception>
    public void SetPieces(int pieceCount, Func<int, int> pieceLengthAt)
    {
        if (_pieceLengthAt is not null)
            throw new InvalidOperationException("The number of pieces is set once.");
        _pieceCount = pieceCount;
        _pieceLengthAt = pieceLengthAt;
        if (!_pieces.TrySetCount(pieceCount) || _allowedFastIn.Any(piece => piece >= pieceCount))
            Close("what it claimed to have does not fit the torrent");
    }

    /// <summary>
    /// Takes messages from the front of <paramref name="data"/> until one concerns the owner. Call until false: then all
    /// bytes are used, or the session is closed.
    /// </summary>
    public bool TryReceive(ref ReadOnlySpan<byte> data, Instant now, out PeerEvent happened)
    {
        happened = default;
        while (Closed is null)
        {
            if (_pieces.TryTakeMore(out int piece))
            {
                happened = new PeerEvent { Kind = PeerEventKind.Have, Index = piece };
                return true;
            }
            switch (_reader.TryRead(ref data, out PeerMessage message))
            {
                case PeerReadStatus.NeedMore:
                    return false;
                case PeerReadStatus.Malformed:
                    Close(_reader.Fault!);
                    return false;
            }
            _lastReceived = now;
            if (Handle(message, out happened))
                return true;
        }
        return false;
    }

    /// <summary>Moves queued control messages to <paramref name="output"/>; false when there are none.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (_control.WrittenCount == 0)
            return false;
        output.Write(_control.WrittenSpan);
        if (_control.Capacity > KeptControlBytes)
            _control = new ArrayBufferWriter<byte>(256);
        else
            _control.ResetWrittenCount();
        _lastSent = now;
        return true;
    }

    /// <summary>The owner sent payload of its own, which counts as life.</summary>
    public void OnPayloadSent(Instant now) => _lastSent = now;

    /// <summary>Sends a keep-alive or gives up a silent remote.</summary>
    public void OnDeadline(Instant now)
    {
        if (now >= _lastReceived + _options.Silence)
            Close("it was silent for too long");
        else if (now >= _lastSent + _options.KeepAlive)
        {
            PeerMessageWriter.KeepAlive(_control);
            _lastSent = now;
        }
    }

    /// <summary>Ends the session; the first reason stays.</summary>
    public void Close(string reason) => Closed ??= reason;
}
