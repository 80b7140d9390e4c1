using System.Buffers;
using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Protocols.PeerWire;

/// <summary>
/// A connection between two peers after both handshakes: keeps the state that both sides agreed on, checks every
/// message against it, and turns intents into messages. Single-threaded; never throws on what the remote sends; ends
/// in <see cref="Closed"/>.
/// </summary>
/// <remarks>Spec: BEP 3, 6, 9, 10, 21, 52, 54.</remarks>
public sealed class PeerWireSession
{
    private const int MaxEarlyPieces = 1 << 21;

    private readonly PeerWireOptions _options;
    private readonly PeerMessageReader _reader = new();
    private readonly RemotePieces _pieces = new();
    private readonly OutstandingRequests _outstanding = new();
    private readonly IncomingRequests _incoming;
    private readonly HashSet<int> _allowedFastIn = [];
    private readonly HashSet<int> _allowedFastOut = [];
    private readonly ArrayBufferWriter<byte> _control = new(256);
    private Func<int, int>? _pieceLengthAt;
    private int _pieceCount = -1;
    private bool _sawPieces;
    private bool _sawAny;
    private int _rejectsInRow;
    private int _unrequested;
    private int _refused;
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
        _lastReceived = _lastSent = now;
    }

    /// <summary>The remote's handshake.</summary>
    public Handshake Theirs { get; }

    /// <summary>Both speak BEP 6.</summary>
    public bool HasFast { get; }

    /// <summary>Both speak BEP 10.</summary>
    public bool HasExtensions { get; }

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

    /// <summary>Requests of ours that are not answered.</summary>
    public int Outstanding => _outstanding.Count;

    /// <summary>How many may be.</summary>
    public int MaxOutstanding => Math.Min(_options.MaxOutstanding, Remote.RequestQueue ?? _options.DefaultOutstanding);

    /// <summary>Requests of the remote that wait.</summary>
    public int IncomingRequests => _incoming.Count;

    /// <summary>Pieces that the remote serves even while it chokes us.</summary>
    public IReadOnlySet<int> AllowedFast => _allowedFastIn;

    /// <summary>Why it ended, as a clause about the remote; null while it lives.</summary>
    public string? Closed { get; private set; }

    /// <summary>When <see cref="OnDeadline"/> wants to be called.</summary>
    public Instant NextDeadline => Instant.Min(_lastSent + _options.KeepAlive, _lastReceived + _options.Silence);

    /// <summary>The torrent's pieces became known.</summary>
    /// <param name="pieceCount">Their number.</param>
    /// <param name="pieceLengthAt">Bytes of each that may be asked of us.</param>
    public void SetPieces(int pieceCount, Func<int, int> pieceLengthAt)
    {
        _pieceCount = pieceCount;
        _pieceLengthAt = pieceLengthAt;
        if (!_pieces.TrySetCount(pieceCount))
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

    /// <summary>Says what we have: the first message, once.</summary>
    public void SendPieces(PieceSet have)
    {
        if (HasFast && have.Count == 0)
            PeerMessageWriter.Plain(_control, PeerMessageId.HaveNone);
        else if (HasFast && have.IsComplete)
            PeerMessageWriter.Plain(_control, PeerMessageId.HaveAll);
        else if (have.Count > 0)
            PeerMessageWriter.Bitfield(_control, have);
    }

    /// <summary>Says that we have nothing yet and know no piece count.</summary>
    public void SendHaveNone()
    {
        if (HasFast)
            PeerMessageWriter.Plain(_control, PeerMessageId.HaveNone);
    }

    /// <summary>Says who we are, if the remote can hear it.</summary>
    public void SendExtensions(int listenPort, int metadataBytes, bool isUploadOnly, IPAddress theirAddress)
    {
        if (HasExtensions)
            Extended(0, ExtensionMessages.Handshake(new OwnExtensions(_options.ClientName, listenPort, _options.MaxIncomingRequests, metadataBytes, isUploadOnly, theirAddress)));
    }

    /// <summary>Tells of a new piece.</summary>
    public void SendHave(int piece)
    {
        PeerMessageWriter.Index(_control, PeerMessageId.Have, piece);
        CheckControl();
    }

    /// <summary>Tells of a piece lost, if the remote can hear it.</summary>
    public void SendDontHave(int piece)
    {
        if (Remote.DontHave == 0)
            return;
        Span<byte> payload = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(payload, piece);
        Extended(Remote.DontHave, payload);
    }

    /// <summary>Tells that we fetch nothing more, if the remote can hear it.</summary>
    public void SendUploadOnly(bool value)
    {
        if (Remote.UploadOnly != 0)
            Extended(Remote.UploadOnly, [value ? (byte)1 : (byte)0]);
    }

    /// <summary>Stops serving the remote; its waiting requests are refused.</summary>
    public void Choke()
    {
        if (AmChoking)
            return;
        AmChoking = true;
        PeerMessageWriter.Plain(_control, PeerMessageId.Choke);
        while (HasFast && _incoming.TryTake(out BlockRequest request))
            SendReject(request);
        _incoming.Clear();
    }

    /// <summary>Begins to serve the remote.</summary>
    public void Unchoke()
    {
        if (!AmChoking)
            return;
        AmChoking = false;
        PeerMessageWriter.Plain(_control, PeerMessageId.Unchoke);
    }

    /// <summary>Says whether we want anything.</summary>
    public void SetInterested(bool interested)
    {
        if (AmInterested == interested)
            return;
        AmInterested = interested;
        PeerMessageWriter.Plain(_control, interested ? PeerMessageId.Interested : PeerMessageId.NotInterested);
    }

    /// <summary>Serves a piece even while choking. Spec: BEP 6.</summary>
    public void SendAllowedFast(int piece)
    {
        if (HasFast && _allowedFastOut.Add(piece))
            PeerMessageWriter.Index(_control, PeerMessageId.AllowedFast, piece);
    }

    /// <summary>Asks for a block; false when it is asked for already or too many are unanswered.</summary>
    public bool Request(BlockRequest request)
    {
        if (_outstanding.Count >= MaxOutstanding || !_outstanding.TryAdd(request))
            return false;
        PeerMessageWriter.Block(_control, PeerMessageId.Request, request);
        return true;
    }

    /// <summary>Wants a block no more.</summary>
    public void Cancel(BlockRequest request)
    {
        if (_outstanding.TryGiveUp(request))
            PeerMessageWriter.Block(_control, PeerMessageId.Cancel, request);
    }

    /// <summary>Wants nothing more of what was asked; the requests are added to <paramref name="given"/>.</summary>
    public void CancelAll(List<BlockRequest> given)
    {
        _outstanding.CopyTo(given);
        foreach (BlockRequest request in given)
            Cancel(request);
    }

    /// <summary>Takes a request of ours that a choke swept away.</summary>
    public bool TryTakeLost(out BlockRequest request) => _outstanding.TryTakeLost(out request);

    /// <summary>The remote's next request, without taking it.</summary>
    public bool TryPeekUpload(out BlockRequest request) => _incoming.TryPeek(out request);

    /// <summary>Takes the remote's next request: the owner sends the block, or refuses it with <see cref="SendReject"/>.</summary>
    public bool TryTakeUpload(out BlockRequest request) => _incoming.TryTake(out request);

    /// <summary>Refuses a request that was taken.</summary>
    public void SendReject(BlockRequest request)
    {
        if (HasFast)
            PeerMessageWriter.Block(_control, PeerMessageId.Reject, request);
        CheckControl();
    }

    /// <summary>Asks for a metadata piece; the remote must have the extension.</summary>
    public void RequestMetadata(int piece) => Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(0, piece));

    /// <summary>Sends a metadata piece.</summary>
    public void SendMetadata(int piece, int totalBytes, ReadOnlySpan<byte> data)
    {
        if (Remote.Metadata != 0)
            Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(1, piece, totalBytes, data));
    }

    /// <summary>Refuses a metadata piece.</summary>
    public void RejectMetadata(int piece)
    {
        if (Remote.Metadata != 0)
            Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(2, piece));
    }

    /// <summary>Asks for hashes of a file's tree.</summary>
    public void RequestHashes(Sha256Hash root, HashRange range) => Hash(PeerMessageId.HashRequest, root, range, []);

    /// <summary>Answers a request for hashes.</summary>
    public void SendHashes(Sha256Hash root, HashRange range, ReadOnlySpan<Sha256Hash> hashes) => Hash(PeerMessageId.Hashes, root, range, hashes);

    /// <summary>Refuses a request for hashes.</summary>
    public void RejectHashes(Sha256Hash root, HashRange range) => Hash(PeerMessageId.HashReject, root, range, []);

    private bool Handle(PeerMessage message, out PeerEvent happened)
    {
        happened = default;
        bool first = !_sawAny;
        if (message.Id is not (PeerMessageId.KeepAlive or PeerMessageId.Extended))
            _sawAny = true;
        switch (message.Id)
        {
            case PeerMessageId.Choke:
                PeerChoking = true;
                if (!HasFast)
                    _outstanding.LoseAll();
                return Report(PeerEventKind.Choked, out happened);
            case PeerMessageId.Unchoke:
                PeerChoking = false;
                return Report(PeerEventKind.Unchoked, out happened);
            case PeerMessageId.Interested or PeerMessageId.NotInterested:
                bool changed = PeerInterested != (message.Id == PeerMessageId.Interested);
                PeerInterested = message.Id == PeerMessageId.Interested;
                return changed && Report(PeerEventKind.InterestChanged, out happened);
            case PeerMessageId.Bitfield or PeerMessageId.HaveAll or PeerMessageId.HaveNone:
                return HandlePieces(message, first) && Report(PeerEventKind.Pieces, out happened);
            case PeerMessageId.Have:
                return HandleHave(message.Index, out happened);
            case PeerMessageId.Request:
                return HandleRequest(new BlockRequest(message.Index, message.Begin, message.Length)) && Report(PeerEventKind.Request, out happened);
            case PeerMessageId.Cancel:
                HandleCancel(new BlockRequest(message.Index, message.Begin, message.Length));
                return false;
            case PeerMessageId.Piece:
                return HandleBlock(message, out happened);
            case PeerMessageId.Reject:
                return HandleReject(message, out happened);
            case PeerMessageId.Suggest or PeerMessageId.AllowedFast:
                return HandleFastHint(message, out happened);
            case PeerMessageId.Extended:
                return HasExtensions && HandleExtended(message, out happened);
            case PeerMessageId.HashRequest or PeerMessageId.Hashes or PeerMessageId.HashReject:
                return HandleHashes(message, out happened);
            default:
                return false;
        }
    }

    private bool HandlePieces(PeerMessage message, bool first)
    {
        if (!first || _sawPieces)
            return Fault("it sent its pieces twice, or after other messages");
        if (message.Id != PeerMessageId.Bitfield && !HasFast)
            return Fault("it used the fast extension without having offered it");
        _sawPieces = true;
        if (message.Id == PeerMessageId.HaveAll)
            _pieces.All();
        else if (message.Id == PeerMessageId.Bitfield && !_pieces.TryBitfield(message.Payload))
            return Fault("its bitfield has a wrong length or spare bits set");
        return true;
    }

    private bool HandleHave(int piece, out PeerEvent happened)
    {
        happened = new PeerEvent { Kind = PeerEventKind.Have, Index = piece };
        bool had = RemotePieces is { } set && piece >= 0 && piece < set.Length && set[piece];
        if (piece >= MaxEarlyPieces || !_pieces.TryHave(piece))
            return Fault("it claimed to have a piece that does not exist");
        return RemotePieces is not null && !had;
    }

    private bool HandleRequest(BlockRequest request)
    {
        if (_pieceLengthAt is null
            || (uint)request.Index >= (uint)_pieceCount || request.Begin < 0 || request.Length <= 0 || request.Length > _options.MaxRequestBytes
            || (long)request.Begin + request.Length > _pieceLengthAt(request.Index))
        {
            if (_pieceLengthAt is not null)
                return Fault("it asked for a block that does not exist");
            return Refuse(request);
        }
        if ((AmChoking && !_allowedFastOut.Contains(request.Index)) || !_incoming.TryAdd(request))
            return Refuse(request);
        return true;
    }

    private bool Refuse(BlockRequest request)
    {
        if (++_refused > _options.MaxRefused)
            return Fault("it floods us with requests");
        SendReject(request);
        return false;
    }

    private void HandleCancel(BlockRequest request)
    {
        if (_incoming.TryCancel(request))
            SendReject(request);
    }

    private bool HandleBlock(PeerMessage message, out PeerEvent happened)
    {
        bool asked = _outstanding.TryAnswer(message.Index, message.Begin, message.Length);
        bool late = !asked && _outstanding.TryTakeLate(message.Index, message.Begin, message.Length);
        happened = new PeerEvent
        {
            Kind = PeerEventKind.Block, Index = message.Index, Begin = message.Begin, Length = message.Length, Payload = message.Payload, IsLate = late,
        };
        if (!asked && !late)
            return ++_unrequested > _options.MaxUnrequested && Fault("it sends blocks that nobody asked for");
        _rejectsInRow = 0;
        return true;
    }

    private bool HandleReject(PeerMessage message, out PeerEvent happened)
    {
        happened = new PeerEvent { Kind = PeerEventKind.Rejected, Index = message.Index, Begin = message.Begin, Length = message.Length };
        if (!HasFast)
            return Fault("it used the fast extension without having offered it");
        if (_outstanding.TryTakeLate(message.Index, message.Begin, message.Length))
            return false;
        if (!_outstanding.TryAnswer(message.Index, message.Begin, message.Length))
            return ++_unrequested > _options.MaxUnrequested && Fault("it refuses requests that were not made");
        if (!PeerChoking && ++_rejectsInRow > _options.MaxRejects)
            Fault("it refuses everything");
        return true;
    }

    private bool HandleFastHint(PeerMessage message, out PeerEvent happened)
    {
        bool suggest = message.Id == PeerMessageId.Suggest;
        happened = new PeerEvent { Kind = suggest ? PeerEventKind.Suggest : PeerEventKind.AllowedFast, Index = message.Index };
        if (!HasFast)
            return Fault("it used the fast extension without having offered it");
        if (_pieceCount >= 0 && (uint)message.Index >= (uint)_pieceCount)
            return Fault("it named a piece that does not exist");
        if (!suggest && _allowedFastIn.Count < 64)
            _allowedFastIn.Add(message.Index);
        return _pieceCount >= 0;
    }

    private bool HandleExtended(PeerMessage message, out PeerEvent happened)
    {
        happened = default;
        switch (message.Index)
        {
            case 0:
                if (!Remote.TryUpdate(message.Payload))
                    return Fault("its extension handshake is not a bencoded dictionary");
                HasRemoteExtensions = true;
                return Report(PeerEventKind.Extensions, out happened);
            case ExtensionMessages.Metadata:
                return HandleMetadata(message.Payload, out happened);
            case ExtensionMessages.DontHave:
                if (message.Payload.Length != 4)
                    return Fault("its lt_donthave message has a wrong length");
                int piece = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(message.Payload);
                if (RemotePieces is not { } set)
                    return false;
                if ((uint)piece >= (uint)set.Length)
                    return Fault("it named a piece that does not exist");
                happened = new PeerEvent { Kind = PeerEventKind.DontHave, Index = piece };
                return set.Remove(piece);
            case ExtensionMessages.UploadOnly:
                if (message.Payload.Length == 1)
                    Remote.IsUploadOnly = message.Payload[0] != 0;
                return message.Payload.Length == 1 && Report(PeerEventKind.Extensions, out happened);
            default:
                return false;
        }
    }

    private bool HandleMetadata(ReadOnlySpan<byte> payload, out PeerEvent happened)
    {
        happened = default;
        if (!ExtensionMessages.TryReadMetadata(payload, out int type, out int piece, out int dataOffset))
            return Fault("its metadata message is not a bencoded dictionary");
        happened = new PeerEvent
        {
            Kind = type switch { 0 => PeerEventKind.MetadataRequest, 1 => PeerEventKind.MetadataData, _ => PeerEventKind.MetadataReject },
            Index = piece,
            Payload = payload[dataOffset..],
        };
        return type <= 2;
    }

    private bool HandleHashes(PeerMessage message, out PeerEvent happened)
    {
        (Sha256Hash root, HashRange range) = HashMessage.Read(message.Payload);
        happened = new PeerEvent
        {
            Kind = message.Id switch
            {
                PeerMessageId.HashRequest => PeerEventKind.HashRequest,
                PeerMessageId.Hashes => PeerEventKind.Hashes,
                _ => PeerEventKind.HashReject,
            },
            Root = root,
            Range = range,
            Hashes = HashMessage.Hashes(message.Payload),
        };
        return range.IsWellFormed || Fault("its request for hashes makes no sense");
    }

    private static bool Report(PeerEventKind kind, out PeerEvent happened)
    {
        happened = new PeerEvent { Kind = kind };
        return true;
    }

    private bool Fault(string reason)
    {
        Close(reason);
        return false;
    }

    private void Extended(int number, ReadOnlySpan<byte> payload)
    {
        PeerMessageWriter.Extended(_control, number, payload);
        CheckControl();
    }

    private void Hash(PeerMessageId id, Sha256Hash root, HashRange range, ReadOnlySpan<Sha256Hash> hashes)
    {
        HashMessage.Write(_control, id, root, range, hashes);
        CheckControl();
    }

    private void CheckControl()
    {
        if (_control.WrittenCount > _options.MaxQueuedControlBytes)
            Close("it does not read what we send");
    }
}
