using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>Messages of a search among neighbours as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, SearchMessage.</remarks>
/// <param name="addresses">Where peers may be dialled; null to tell names alone.</param>
public sealed class SearchCodec(IPeerAddresses? addresses) : IOverlayCodec<SearchMessage<PeerId>>
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/search/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Most steps that a message may have made, or may ask for.</summary>
    public const int MaxSteps = 1 << 20;

    public void Encode(in SearchMessage<PeerId> message, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        writer.WriteNumber(1, (ulong)message.Kind);
        writer.WriteFixed64(2, message.Query);
        writer.WriteFixed64(3, message.Item);
        writer.WriteNumber(4, (ulong)Math.Max(0, message.TimeToLive));
        writer.WriteNumber(5, (ulong)Math.Max(0, message.Hops));
        writer.WritePeer(6, message.Origin, addresses);
        if (message.Table is { } table)
            writer.WriteBytes(7, table.ToBytes());
    }

    public bool TryDecode(ReadOnlySpan<byte> source, out SearchMessage<PeerId> message)
    {
        message = default;
        int kind = 0, timeToLive = 0, hops = 0;
        ulong query = 0, item = 0;
        PeerId origin = default;
        QueryRoutingTable? table = null;
        var peers = new PeerReader(addresses);
        var reader = new ProtobufReader(source);
        while (source.Length <= MaxBytes && reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadNumber((int)SearchMessageKind.Pointer, out kind),
                (2, WireType.Fixed64) => reader.TryReadFixed64(out query),
                (3, WireType.Fixed64) => reader.TryReadFixed64(out item),
                (4, WireType.Varint) => reader.TryReadNumber(MaxSteps, out timeToLive),
                (5, WireType.Varint) => reader.TryReadNumber(MaxSteps, out hops),
                (6, WireType.Bytes) => peers.TryRead(ref reader, out origin),
                (7, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> bits) && QueryRoutingTable.TryRead(bits, out table),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd || origin.IsEmpty || table is null == (kind == (int)SearchMessageKind.Routing))
            return false;
        peers.TellAddresses();
        message = new SearchMessage<PeerId>((SearchMessageKind)kind, query, item, timeToLive, hops, origin, table);
        return true;
    }
}
