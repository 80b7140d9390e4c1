using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;

namespace Compeer.Protocols.Scribe;

/// <summary>Messages of Scribe, and of Pastry below it, as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, ScribeMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class ScribeCodec(IPeerAddresses? addresses) : IOverlayCodec<ScribeMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/scribe/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = PastryCodec.MaxBytes + 16;

    private readonly PastryCodec _routing = new(addresses);
    private readonly IPeerAddresses? _addresses = addresses;

    public void Encode(in ScribeMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        if (message.Routing is { } routing)
        {
            var nested = new ArrayBufferWriter<byte>();
            _routing.Encode(routing, nested);
            writer.WriteBytes(1, nested.WrittenSpan);
        }
        if (message.Tree is { } tree)
            writer.WriteMessage(2, tree, static (nested, t) => Write(nested, t));
        if (message.Child is { } child)
            writer.WritePeer(3, child, _addresses);
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out ScribeMessage<PeerId> message)
    {
        message = default;
        PastryMessage<PeerId>? routing = null;
        TreeMessage? tree = null;
        PeerId? child = null;
        var peers = new PeerReader(_addresses);
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadOnce(_routing, ref routing),
                (2, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> nested) && TryReadTree(nested, ref tree),
                (3, WireType.Bytes) => TryReadChild(ref peers, ref reader, ref child),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        message = new ScribeMessage<PeerId>(routing, tree) { Child = child };
        bool isSound = reader.IsAtEnd && routing is null != tree is null && child is not null == (tree?.Kind == ScribeMessageKind.HandDown);
        if (isSound)
            peers.TellAddresses();
        return isSound;
    }

    private static bool TryReadChild(ref PeerReader peers, ref ProtobufReader reader, ref PeerId? child)
    {
        if (child is not null || !peers.TryRead(ref reader, out PeerId peer))
            return false;
        child = peer;
        return true;
    }

    private static void Write(ProtobufWriter writer, in TreeMessage tree)
    {
        writer.WriteNumber(1, (ulong)tree.Kind);
        writer.WriteKey(2, tree.Group);
        writer.WriteNumber(3, tree.Id);
        writer.WriteNumber(4, (ulong)Math.Max(0, tree.Hops));
        if (!tree.Payload.IsEmpty)
            writer.WriteBytes(5, tree.Payload.Span);
        writer.WriteNumber(6, tree.Contributes ? 1UL : 0);
        if (tree.Aggregate is { } aggregate)
            writer.WriteMessage(7, aggregate, static (nested, a) => Write(nested, a));
        writer.WriteNumber(8, (ulong)Math.Max(0, tree.PatienceMilliseconds));
    }

    private static void Write(ProtobufWriter writer, ScribeAggregate aggregate)
    {
        writer.WriteNumber(1, (ulong)aggregate.Count);
        writer.WriteFixed64(2, BitConverter.DoubleToUInt64Bits(aggregate.Sum));
        writer.WriteFixed64(3, BitConverter.DoubleToUInt64Bits(aggregate.Min));
        writer.WriteFixed64(4, BitConverter.DoubleToUInt64Bits(aggregate.Max));
        writer.WriteNumber(5, (ulong)aggregate.Missing);
        if (!aggregate.Extra.IsEmpty)
            writer.WriteBytes(6, aggregate.Extra.Span);
    }

    private static bool TryReadTree(ReadOnlySpan<byte> source, ref TreeMessage? tree)
    {
        int kind = 0, hops = 0, contributes = 0, patience = 0;
        ulong id = 0;
        ScribeAggregate? aggregate = null;
        RingKey group = default;
        ReadOnlySpan<byte> payload = default;
        bool isSound = tree is null;
        var reader = new ProtobufReader(source);
        while (isSound && reader.TryReadTag(out int field, out WireType type))
        {
            isSound = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)ScribeMessageKind.HandDown, out kind),
                (2, WireType.Bytes) => reader.TryReadKey(out group),
                (3, WireType.Varint) => reader.TryReadVarint(out id),
                (4, WireType.Varint) => reader.TryReadNumber(PastryCodec.MaxHops, out hops),
                (5, WireType.Bytes) => reader.TryReadBytes(out payload),
                (6, WireType.Varint) => reader.TryReadNumber(1, out contributes),
                (7, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> nested) && TryReadAggregate(nested, out aggregate),
                (8, WireType.Varint) => reader.TryReadNumber(int.MaxValue, out patience),
                _ => reader.TrySkip(type),
            };
        }
        tree = new TreeMessage((ScribeMessageKind)kind, group, id, hops, payload.ToArray()) { Contributes = contributes == 1, Aggregate = aggregate, PatienceMilliseconds = patience };
        return isSound && reader.IsAtEnd && (aggregate is not null || kind != (int)ScribeMessageKind.Report);
    }

    private static bool TryReadAggregate(ReadOnlySpan<byte> source, out ScribeAggregate aggregate)
    {
        ulong count = 0, sum = 0, min = 0, max = 0;
        int missing = 0;
        ReadOnlySpan<byte> extra = default;
        bool isSound = true;
        var reader = new ProtobufReader(source);
        while (isSound && reader.TryReadTag(out int field, out WireType type))
        {
            isSound = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out count) && count <= long.MaxValue,
                (2, WireType.Fixed64) => reader.TryReadFixed64(out sum),
                (3, WireType.Fixed64) => reader.TryReadFixed64(out min),
                (4, WireType.Fixed64) => reader.TryReadFixed64(out max),
                (5, WireType.Varint) => reader.TryReadNumber(ScribeAggregate.MaxMissing, out missing),
                (6, WireType.Bytes) => reader.TryReadBytes(out extra),
                _ => reader.TrySkip(type),
            };
        }
        aggregate = new ScribeAggregate((long)count, BitConverter.UInt64BitsToDouble(sum), BitConverter.UInt64BitsToDouble(min), BitConverter.UInt64BitsToDouble(max), missing)
        {
            Extra = extra.ToArray(),
        };
        // Whether its figures can be true the node decides, which then knows that a branch is missing.
        return isSound && reader.IsAtEnd && extra.Length <= ScribeAggregate.MaxExtraBytes;
    }
}
