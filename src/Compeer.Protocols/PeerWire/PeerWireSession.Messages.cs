namespace Compeer.Protocols.PeerWire;

// What the remote sends: BEP 3 and 6.
public sealed partial class PeerWireSession
{
    private bool Handle(PeerMessage message, out PeerEvent happened)
    {
        happened = default;
        if (message.Id is PeerMessageId.Bitfield or PeerMessageId.HaveAll or PeerMessageId.HaveNone)
            return HandlePieces(message) && Report(PeerEventKind.Pieces, out happened);
        // What says nothing of pieces or requests may come before the pieces do.
        _sawOther = _sawOther || (message.Id is not (PeerMessageId.KeepAlive or PeerMessageId.Port or PeerMessageId.Extended) && Enum.IsDefined(message.Id));
        switch (message.Id)
        {
            case PeerMessageId.Choke:
                return HandleChoke() && Report(PeerEventKind.Choked, out happened);
            case PeerMessageId.Unchoke:
                bool wasChoking = PeerChoking;
                PeerChoking = false;
                return wasChoking && Report(PeerEventKind.Unchoked, out happened);
            case PeerMessageId.Interested or PeerMessageId.NotInterested:
                bool changed = PeerInterested != (message.Id == PeerMessageId.Interested);
                PeerInterested = message.Id == PeerMessageId.Interested;
                return changed && Report(PeerEventKind.InterestChanged, out happened);
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
            case PeerMessageId.Port:
                happened = new PeerEvent { Kind = PeerEventKind.DhtPort, Index = message.Index };
                return message.Index > 0;
            case PeerMessageId.Extended:
                return HasExtensions && HandleExtended(message, out happened);
            case PeerMessageId.HashRequest or PeerMessageId.Hashes or PeerMessageId.HashReject:
                return HandleHashes(message, out happened);
            default:
                return false;
        }
    }

    /// <summary>Without the fast extension a choke drops all requests; with it each is refused by itself.</summary>
    private bool HandleChoke()
    {
        bool wasChoking = PeerChoking;
        PeerChoking = true;
        return (!HasFast && _outstanding.LoseAll()) || !wasChoking;
    }

    private bool HandlePieces(PeerMessage message)
    {
        if (message.Id != PeerMessageId.Bitfield && !HasFast)
            return Fault("it used the fast extension without having offered it");
        if (_sawOther || _sawPieces)
        {
            if (message.Id == PeerMessageId.HaveNone)
                return Fault("it said late that it has nothing");
            // DEVIATION: BEP 3 and 6 have these first only, but aria2 sends one whenever it is shorter than many haves.
            if (message.Id == PeerMessageId.HaveAll)
                _pieces.AllMore();
            return message.Id == PeerMessageId.Bitfield && !_pieces.TryMore(message.Payload) && Fault("its bitfield has a wrong length or spare bits set");
        }
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
        return _pieces.TryHave(piece, out bool isNew) ? isNew : Fault("it claimed to have a piece that does not exist");
    }

    private bool HandleRequest(BlockRequest request)
    {
        if (_pieceLengthAt is null)
            return Refuse(request);
        if ((uint)request.Index >= (uint)_pieceCount || request.Begin < 0 || request.Length <= 0 || request.Length > _options.MaxRequestBytes
            || (long)request.Begin + request.Length > _pieceLengthAt(request.Index))
            return Fault("it asked for a block that does not exist");
        if ((AmChoking && !IsAllowedFast(request)) || !_incoming.TryAdd(request))
            return Refuse(request);
        if (AmChoking)
            _allowedFastOut[request.Index] += request.Length;
        return true;
    }

    /// <summary>A piece is served to a choked remote once over; who has it and asks again gets no free bandwidth.</summary>
    private bool IsAllowedFast(BlockRequest request) =>
        _allowedFastOut.TryGetValue(request.Index, out int served) && (long)served + request.Length <= _pieceLengthAt!(request.Index);

    private bool Refuse(BlockRequest request)
    {
        if (CountRefusal())
            SendReject(request);
        return false;
    }

    private void HandleCancel(BlockRequest request)
    {
        if (CountRefusal() && _incoming.TryCancel(request))
            SendReject(request);
    }

    /// <summary>False when the remote makes us refuse so much that we close.</summary>
    private bool CountRefusal()
    {
        if (_lastReceived - _refusedSince > TimeSpan.FromMinutes(1))
        {
            _refusedSince = _lastReceived;
            _refused = 0;
        }
        return ++_refused <= _options.MaxRefused || Fault("it floods us with requests");
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
            return CountUnrequested("it sends blocks that nobody asked for");
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
            return CountUnrequested("it refuses requests that were not made");
        // It takes its offer back; asking again would only be refused again.
        if (PeerChoking)
            _allowedFastIn.Remove(message.Index);
        else if (++_rejectsInRow > _options.MaxRejects)
            Fault("it refuses everything");
        return true;
    }

    private bool HandleFastHint(PeerMessage message, out PeerEvent happened)
    {
        bool suggest = message.Id == PeerMessageId.Suggest;
        happened = new PeerEvent { Kind = suggest ? PeerEventKind.Suggest : PeerEventKind.AllowedFast, Index = message.Index };
        if (!HasFast)
            return Fault("it used the fast extension without having offered it");
        if (!_pieces.IsPossible(message.Index))
            return Fault("it named a piece that does not exist");
        if (!suggest && ++_allowedFastOffers <= _options.MaxAllowedFast)
            _allowedFastIn.Add(message.Index);
        return RemotePieces is not null && (suggest || _allowedFastOffers <= _options.MaxAllowedFast);
    }

    private static bool Report(PeerEventKind kind, out PeerEvent happened)
    {
        happened = new PeerEvent { Kind = kind };
        return true;
    }

    /// <summary>A stray answer is ignored, since a peer may be late in ways we do not foresee; more than a few are not.</summary>
    private bool CountUnrequested(string reason) => ++_unrequested > _options.MaxUnrequested && Fault(reason);

    private bool Fault(string reason)
    {
        Close(reason);
        return false;
    }
}
