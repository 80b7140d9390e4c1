using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Gossipsub;

namespace Compeer.P2pd;

/// <summary>What is asked for; numbers as on the wire.</summary>
internal enum RequestKind
{
    Identify = 0,
    Connect = 1,
    StreamOpen = 2,
    StreamHandler = 3,
    Dht = 4,
    ListPeers = 5,
    Disconnect = 7,
    Pubsub = 8,
}

/// <summary>
/// A request: its kind, and the fields of the one message in it by their numbers, which are the same for kinds that have the same fields.
/// </summary>
internal sealed record ControlRequest(RequestKind Kind, ControlFields Fields)
{
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    public static ControlRequest Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        ulong kind = 0;
        var fields = new ControlFields();
        while (reader.TryReadTag(out int field, out WireType type))
        {
            if (field == 1 && type == WireType.Varint)
            {
                if (!reader.TryReadVarint(out kind))
                    throw Malformed();
            }
            else if (type == WireType.Bytes)
            {
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> part))
                    throw Malformed();
                fields.Read(part);
            }
            else if (!reader.TrySkip(type))
            {
                throw Malformed();
            }
        }
        return reader.IsAtEnd ? new ControlRequest((RequestKind)kind, fields) : throw Malformed();
    }

    internal static InvalidDataException Malformed() => new("The request is malformed.");
}

/// <summary>The fields of a message by number: bytes as they come, and the last number of each.</summary>
internal sealed class ControlFields
{
    private readonly List<(int Field, byte[] Value)> _bytes = [];
    private readonly Dictionary<int, ulong> _numbers = [];

    public void Read(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.TryReadTag(out int field, out WireType type))
        {
            if (type == WireType.Bytes && reader.TryReadBytes(out ReadOnlySpan<byte> value))
                _bytes.Add((field, value.ToArray()));
            else if (type == WireType.Varint && reader.TryReadVarint(out ulong number))
                _numbers[field] = number;
            else
                throw ControlRequest.Malformed();
        }
        if (!reader.IsAtEnd)
            throw ControlRequest.Malformed();
    }

    public ulong Number(int field) => _numbers.GetValueOrDefault(field);

    public byte[] Bytes(int field) => _bytes.FirstOrDefault(b => b.Field == field).Value ?? [];

    public string Text(int field) => System.Text.Encoding.UTF8.GetString(Bytes(field));

    public IEnumerable<string> Texts(int field) => All(field).Select(System.Text.Encoding.UTF8.GetString);

    public PeerId Peer(int field) => PeerId.TryDecode(Bytes(field), out PeerId peer) ? peer : throw new InvalidDataException("The request names no peer.");

    public IEnumerable<Multiaddr> Addresses(int field) => All(field).Select(b => Multiaddr.TryDecode(b, out Multiaddr? address) ? address : throw new InvalidDataException("An address is malformed."));

    private IEnumerable<byte[]> All(int field) => _bytes.Where(b => b.Field == field).Select(b => b.Value);
}

/// <summary>What is answered.</summary>
internal static class ControlAnswers
{
    public static byte[] Ok { get; } = Answer(0, static (_, _) => { }, 0);

    public static byte[] Error(string message) => Answer(1, static (answer, text) => answer.WriteMessage(2, text, static (error, t) => error.WriteString(1, t)), message);

    public static byte[] StreamInfo(PeerId peer, Multiaddr address, string protocol) =>
        Answer(0, static (answer, info) => answer.WriteMessage(3, info, WriteInfo), (peer, address, protocol));

    /// <summary>By itself, as a client gets it before a stream that a peer opened.</summary>
    public static byte[] BareStreamInfo(PeerId peer, Multiaddr address, string protocol) => Bytes(WriteInfo, (peer, address, protocol));

    public static byte[] Identity(PeerId id, IReadOnlyList<Multiaddr> addresses) => Answer(0, static (answer, us) => answer.WriteMessage(4, us, WritePeer), (id, addresses));

    public static byte[] Peers(IEnumerable<(PeerId Id, IReadOnlyList<Multiaddr> Addresses)> peers) => Answer(0, static (answer, all) =>
    {
        foreach ((PeerId, IReadOnlyList<Multiaddr>) peer in all)
            answer.WriteMessage(6, peer, WritePeer);
    }, peers);

    public static byte[] Topics(IEnumerable<string> topics) => Answer(0, static (answer, all) => answer.WriteMessage(7, all, static (message, names) =>
    {
        foreach (string topic in names)
            message.WriteString(1, topic);
    }), topics);

    public static byte[] Subscribers(IEnumerable<PeerId> peers) => Answer(0, static (answer, all) => answer.WriteMessage(7, all, static (message, ids) =>
    {
        foreach (PeerId id in ids)
            message.WriteBytes(2, id.Bytes);
    }), peers);

    /// <summary>Before the peers or values that a search of the DHT finds.</summary>
    public static byte[] DhtBegin { get; } = Answer(0, static (answer, _) => answer.WriteMessage(5, 0, static (dht, _) => dht.WriteVarint(1, 0)), 0);

    public static byte[] DhtEnd { get; } = Bytes(static (dht, _) => dht.WriteVarint(1, 2), 0);

    public static byte[] DhtItem(PeerId id, IReadOnlyList<Multiaddr> addresses) => Bytes(WriteFound, (id, addresses));

    public static byte[] DhtItem(byte[] value) => Bytes(WriteValue, value);

    public static byte[] DhtPeer(PeerId id, IReadOnlyList<Multiaddr> addresses) => Answer(0, static (answer, peer) => answer.WriteMessage(5, peer, WriteFound), (id, addresses));

    public static byte[] DhtValue(byte[] value) => Answer(0, static (answer, v) => answer.WriteMessage(5, v, WriteValue), value);

    public static byte[] Published(PubsubMessage message) => Bytes(static (bytes, m) =>
    {
        bytes.WriteBytes(1, m.From);
        bytes.WriteBytes(2, m.Data.Span);
        bytes.WriteBytes(3, m.SequenceNumber);
        bytes.WriteString(4, m.Topic);
        bytes.WriteBytes(5, m.Signature);
        bytes.WriteBytes(6, m.Key);
    }, message);

    private static byte[] Answer<T>(ulong type, ProtobufWriter.Content<T> content, T state) => Bytes(static (answer, all) =>
    {
        answer.WriteVarint(1, all.type);
        all.content(answer, all.state);
    }, (type, content, state));

    private static byte[] Bytes<T>(ProtobufWriter.Content<T> content, T state)
    {
        var output = new ArrayBufferWriter<byte>();
        content(new ProtobufWriter(output), state);
        return output.WrittenSpan.ToArray();
    }

    private static void WriteInfo(ProtobufWriter message, (PeerId Peer, Multiaddr Address, string Protocol) info)
    {
        message.WriteBytes(1, info.Peer.Bytes);
        message.WriteBytes(2, info.Address.Bytes);
        message.WriteString(3, info.Protocol);
    }

    private static void WriteFound(ProtobufWriter dht, (PeerId Id, IReadOnlyList<Multiaddr> Addresses) peer)
    {
        dht.WriteVarint(1, 1);
        dht.WriteMessage(2, peer, WritePeer);
    }

    private static void WriteValue(ProtobufWriter dht, byte[] value)
    {
        dht.WriteVarint(1, 1);
        dht.WriteBytes(3, value);
    }

    private static void WritePeer(ProtobufWriter message, (PeerId Id, IReadOnlyList<Multiaddr> Addresses) peer)
    {
        message.WriteBytes(1, peer.Id.Bytes);
        foreach (Multiaddr address in peer.Addresses)
            message.WriteBytes(2, address.Bytes);
    }
}
