using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Protocols.HolePunching;

namespace Compeer.Protocols.PeerWire;

// What the remote sends: BEP 9, 10, 11, 21, 52, 54, 55.
public sealed partial class PeerWireSession
{
    private const int MetadataPieceBytes = 16 * 1024;

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
                return HandleDontHave(message.Payload, out happened);
            case ExtensionMessages.UploadOnly:
                if (message.Payload.Length == 1)
                    Remote.IsUploadOnly = message.Payload[0] != 0;
                return message.Payload.Length == 1 && Report(PeerEventKind.Extensions, out happened);
            case ExtensionMessages.PeerExchange:
                happened = new PeerEvent { Kind = PeerEventKind.PeerExchange, Payload = message.Payload };
                return OffersPeerExchange;
            case ExtensionMessages.HolePunch:
                return HandleHolePunch(message.Payload, out happened);
            default:
                return false;
        }
    }

    private bool HandleHolePunch(ReadOnlySpan<byte> payload, out PeerEvent happened)
    {
        happened = default;
        // Messages that make no sense, and those of a remote that could not be answered, are passed over in silence.
        if (Remote.HolePunch == 0 || !HolePunchCodec.TryRead(payload, out HolePunchMessage message))
            return false;
        happened = new PeerEvent { Kind = PeerEventKind.HolePunch, HolePunch = message };
        return true;
    }

    private bool HandleDontHave(ReadOnlySpan<byte> payload, out PeerEvent happened)
    {
        happened = default;
        if (payload.Length != 4)
            return Fault("its lt_donthave message has a wrong length");
        int piece = BinaryPrimitives.ReadInt32BigEndian(payload);
        if (!_pieces.TryLose(piece, out bool wasThere))
            return Fault("it named a piece that does not exist");
        happened = new PeerEvent { Kind = PeerEventKind.DontHave, Index = piece };
        // With the fast extension it refuses them one by one.
        if (wasThere && !HasFast)
            _outstanding.LosePiece(piece);
        return wasThere;
    }

    private bool HandleMetadata(ReadOnlySpan<byte> payload, out PeerEvent happened)
    {
        happened = default;
        if (!ExtensionMessages.TryReadMetadata(payload, out int type, out int piece, out int dataOffset))
            return Fault("its metadata message is not a bencoded dictionary");
        if (type > 2)
            return false;
        if (payload.Length - dataOffset > MetadataPieceBytes)
            return Fault("its metadata piece is longer than 16 KiB");
        if (type != 0 && !_metadataAsked.Remove(piece))
            return CountUnrequested("it sends metadata that nobody asked for");
        happened = new PeerEvent
        {
            Kind = type switch { 0 => PeerEventKind.MetadataRequest, 1 => PeerEventKind.MetadataData, _ => PeerEventKind.MetadataReject },
            Index = piece,
            Payload = payload[dataOffset..],
        };
        return true;
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
        if (message.Id != PeerMessageId.HashRequest)
            return _hashesAsked.Remove((root, range)) || CountUnrequested("it sends hashes that nobody asked for");
        if (range.IsWellFormed)
            return true;
        if (CountRefusal())
            RejectHashes(root, range);
        return false;
    }
}
