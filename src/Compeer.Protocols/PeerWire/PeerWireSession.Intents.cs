using System.Buffers.Binary;
using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Protocols.HolePunching;

namespace Compeer.Protocols.PeerWire;

// What the owner wants: each intent queues messages.
public sealed partial class PeerWireSession
{
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
    public void SendExtensions(int listenPort, int metadataBytes, bool isUploadOnly, IPAddress theirAddress, bool offersPeerExchange = false, IPEndPoint? relayed = null, IPAddress? ownAddress = null)
    {
        if (!HasExtensions)
            return;
        OffersPeerExchange = offersPeerExchange;
        Extended(0, ExtensionMessages.Handshake(new OwnExtensions(
            _options.ClientName, listenPort, _options.MaxIncomingRequests, metadataBytes, isUploadOnly, theirAddress, offersPeerExchange, relayed, ownAddress)));
    }

    /// <summary>Takes the offer to exchange peers back: the torrent turned out to be private.</summary>
    public void WithdrawPeerExchange()
    {
        if (!OffersPeerExchange)
            return;
        OffersPeerExchange = false;
        Extended(0, ExtensionMessages.NoPeerExchange);
    }

    /// <summary>Tells of peers, if the remote can hear it and reads what we send. Spec: BEP 11.</summary>
    public void SendPeerExchange(ReadOnlySpan<byte> payload)
    {
        if (OffersPeerExchange && Remote.PeerExchange != 0 && !IsControlCrowded)
            Extended(Remote.PeerExchange, payload);
    }

    /// <summary>Says where our node of the DHT is, if both sides take part in it. Spec: BEP 5.</summary>
    public void SendDhtPort(int port)
    {
        if (HasDht)
            PeerMessageWriter.Port(_control, port);
    }

    /// <summary>Tells of a new piece.</summary>
    public void SendHave(int piece)
    {
        PeerMessageWriter.Index(_control, PeerMessageId.Have, piece);
        CheckControl();
    }

    /// <summary>Tells of a piece lost, if the remote can hear it; its waiting requests for that piece are refused. Spec: BEP 54.</summary>
    public void SendDontHave(int piece)
    {
        RefuseWaiting(request => request.Index == piece);
        if (Remote.DontHave == 0)
            return;
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, piece);
        Extended(Remote.DontHave, payload);
    }

    /// <summary>Tells that we fetch nothing more, if the remote can hear it.</summary>
    public void SendUploadOnly(bool value)
    {
        if (Remote.UploadOnly != 0)
            Extended(Remote.UploadOnly, [value ? (byte)1 : (byte)0]);
    }

    /// <summary>Sends a hole punching message, if the remote can hear it and reads what we send. Spec: BEP 55.</summary>
    public void SendHolePunch(HolePunchMessage message)
    {
        if (Remote.HolePunch == 0 || IsControlCrowded)
            return;
        Span<byte> payload = stackalloc byte[HolePunchCodec.MaxLengthBytes];
        Extended(Remote.HolePunch, payload[..HolePunchCodec.Write(message, payload)]);
    }

    /// <summary>Stops serving the remote; its waiting requests are refused, but for those of allowed fast pieces.</summary>
    public void Choke()
    {
        if (AmChoking)
            return;
        AmChoking = true;
        PeerMessageWriter.Plain(_control, PeerMessageId.Choke);
        RefuseWaiting(request => !_allowedFastOut.ContainsKey(request.Index));
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

    /// <summary>Serves a piece even while choking: once over, in bytes. Spec: BEP 6.</summary>
    public void SendAllowedFast(int piece)
    {
        if (HasFast && _allowedFastOut.TryAdd(piece, 0))
            PeerMessageWriter.Index(_control, PeerMessageId.AllowedFast, piece);
    }

    /// <summary>Asks for a block; false when it is asked for already or too many are unanswered.</summary>
    public bool Request(BlockRequest request)
    {
        if (_outstanding.Count >= MaxOutstanding || !_outstanding.TryAdd(request))
            return false;
        PeerMessageWriter.Block(_control, PeerMessageId.Request, request);
        CheckControl();
        return true;
    }

    /// <summary>Wants a block no more.</summary>
    public void Cancel(BlockRequest request)
    {
        if (!_outstanding.TryGiveUp(request))
            return;
        PeerMessageWriter.Block(_control, PeerMessageId.Cancel, request);
        CheckControl();
    }

    /// <summary>
    /// Wants nothing more of what was asked, but for blocks of some pieces; the requests taken back are put into <paramref name="given"/>, which is empty before.
    /// Blocks that are on their way already still come. Spec: BEP 3 (cancel), BEP 6 (each is answered, by its block or a refusal).
    /// </summary>
    public void CancelAllBut(IReadOnlySet<int> pieces, List<BlockRequest> given)
    {
        _outstanding.CopyTo(given);
        given.RemoveAll(request => pieces.Contains(request.Index));
        foreach (BlockRequest request in given)
            Cancel(request);
    }

    /// <summary>Takes a request of ours that a choke, or the loss of its piece, swept away. To be called until false after those events.</summary>
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

    /// <summary>Asks for a metadata piece; false when the remote has not the extension.</summary>
    public bool RequestMetadata(int piece)
    {
        if (Remote.Metadata == 0)
            return false;
        _metadataAsked.Add(piece);
        Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(0, piece));
        return true;
    }

    /// <summary>Sends a metadata piece, or a refusal when too much waits to be sent already.</summary>
    public void SendMetadata(int piece, int totalBytes, ReadOnlySpan<byte> data)
    {
        if (IsControlCrowded)
            RejectMetadata(piece);
        else if (Remote.Metadata != 0)
            Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(1, piece, totalBytes, data));
    }

    /// <summary>Refuses a metadata piece.</summary>
    public void RejectMetadata(int piece)
    {
        if (Remote.Metadata != 0)
            Extended(Remote.Metadata, ExtensionMessages.MetadataMessage(2, piece));
    }

    /// <summary>Asks for hashes of a file's tree; false when they are asked for already or too many requests are unanswered.</summary>
    public bool RequestHashes(Sha256Hash root, HashRange range)
    {
        if (_hashesAsked.Count >= _options.MaxHashRequests || _hashesAsked.Contains((root, range)))
            return false;
        _hashesAsked.Add((root, range));
        Hash(PeerMessageId.HashRequest, root, range, []);
        return true;
    }

    /// <summary>Answers a request for hashes, with a refusal when too much waits to be sent already.</summary>
    public void SendHashes(Sha256Hash root, HashRange range, ReadOnlySpan<Sha256Hash> hashes)
    {
        if (IsControlCrowded)
            RejectHashes(root, range);
        else
            Hash(PeerMessageId.Hashes, root, range, hashes);
    }

    /// <summary>Refuses a request for hashes.</summary>
    public void RejectHashes(Sha256Hash root, HashRange range) => Hash(PeerMessageId.HashReject, root, range, []);

    /// <summary>Big answers stop here, so that a remote that asks for many at once is not taken for one that does not read.</summary>
    private bool IsControlCrowded => _control.WrittenCount > _options.MaxQueuedControlBytes / 2;

    private void RefuseWaiting(Predicate<BlockRequest> refused)
    {
        for (int left = _incoming.Count; left > 0 && _incoming.TryTake(out BlockRequest request); left--)
        {
            if (refused(request))
                SendReject(request);
            else
                _incoming.TryAdd(request);
        }
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
