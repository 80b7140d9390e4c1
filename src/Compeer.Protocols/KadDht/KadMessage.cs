using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>What a message asks or answers. Spec: libp2p/specs kad-dht, "RPC messages".</summary>
public enum KadMessageType
{
    PutValue = 0,
    GetValue = 1,
    AddProvider = 2,
    GetProviders = 3,
    FindNode = 4,

    /// <summary>Answered, never sent.</summary>
    Ping = 5,
}

/// <summary>What the sender has to do with a peer that it names.</summary>
public enum KadConnection
{
    NotConnected = 0,
    Connected = 1,
    CanConnect = 2,
    CannotConnect = 3,
}

/// <summary>A peer and where it is said to be.</summary>
public sealed record KadPeer(PeerId Id, IReadOnlyList<Multiaddr> Addresses, KadConnection Connection = KadConnection.NotConnected)
{
    private Key256? _key;

    /// <summary>Its place in the key space; hashed when it is asked for, where it was not known already.</summary>
    public Key256 Key
    {
        get => _key ??= KadContact.KeyOf(Id);
        internal init => _key = value;
    }
}

/// <summary>A value at a key.</summary>
/// <param name="Key">Like "/ipns/" and the bytes of a name.</param>
/// <param name="Value">What a validator of the key's namespace must find right.</param>
/// <param name="TimeReceived">When the sender got it, as RFC 3339; says nothing to us.</param>
public sealed record KadRecord(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, string? TimeReceived = null)
{
    /// <summary>How long the sender would have it live still; null when it does not say, as an author. Not in the specification: rust-libp2p says it so, others pass over it.</summary>
    public TimeSpan? TimeToLive { get; init; }
}

/// <summary>
/// A message of the DHT, both question and answer:
/// <code>Message { 1 type  2 key  3 record  8 closerPeers...  9 providerPeers...  10 clusterLevelRaw (unused) }</code>
/// Spec: libp2p/specs kad-dht, "RPC messages".
/// </summary>
public sealed record KadMessage(KadMessageType Type)
{
    /// <summary>The longest message that is sent: some refuse more.</summary>
    public const int MaxWriteBytes = 16 * 1024;

    /// <summary>Peers of each kind that are read of one message; the rest is passed over.</summary>
    public const int MaxPeers = 64;

    /// <summary>Addresses that are read of one peer; the rest is passed over.</summary>
    public const int MaxAddresses = 16;

    /// <summary>The longest key.</summary>
    public const int MaxKeyBytes = 256;

    private const int TypeField = 1;
    private const int KeyField = 2;
    private const int RecordField = 3;
    private const int CloserField = 8;
    private const int ProvidersField = 9;

    /// <summary>Seconds, in a record.</summary>
    private const int TimeToLiveField = 777;

    /// <summary>What it is about: a peer id, a record's key, or a multihash; empty when it does not say.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>A value put, or found.</summary>
    public KadRecord? Record { get; init; }

    /// <summary>Peers nearer to the key.</summary>
    public IReadOnlyList<KadPeer> CloserPeers { get; init; } = [];

    /// <summary>Peers that have the content.</summary>
    public IReadOnlyList<KadPeer> ProviderPeers { get; init; } = [];

    /// <summary>Reads a message. Peers with a malformed id and malformed addresses are left out; false when the message itself is malformed.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out KadMessage? message)
    {
        message = null;
        ulong kind = 0;
        byte[] key = [];
        KadRecord? record = null;
        List<KadPeer> closer = [], providers = [];
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (field == TypeField && type == WireType.Varint)
            {
                if (!reader.TryReadVarint(out kind))
                    return false;
                continue;
            }
            if (type != WireType.Bytes || field is not (KeyField or RecordField or CloserField or ProvidersField))
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                return false;
            switch (field)
            {
                case KeyField when value.Length <= MaxKeyBytes:
                    key = value.ToArray();
                    break;
                case RecordField when TryReadRecord(value, out record):
                    break;
                case CloserField:
                    AddPeer(closer, value);
                    break;
                case ProvidersField:
                    AddPeer(providers, value);
                    break;
                default:
                    return false;
            }
        }
        if (kind > (ulong)KadMessageType.Ping)
            return false;
        message = new KadMessage((KadMessageType)kind) { Key = key, Record = record, CloserPeers = closer, ProviderPeers = providers };
        return true;
    }

    /// <summary>The message in at most <see cref="MaxWriteBytes"/>; peers that do not fit are left out, the last first.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(512);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(TypeField, (ulong)Type);
        if (!Key.IsEmpty)
            writer.WriteBytes(KeyField, Key.Span);
        if (Record is not null)
            writer.WriteMessage(RecordField, Record, WriteRecord);
        WritePeers(output, ProvidersField, ProviderPeers);
        WritePeers(output, CloserField, CloserPeers);
        return output.WrittenSpan.ToArray();
    }

    private static void WritePeers(ArrayBufferWriter<byte> output, int field, IReadOnlyList<KadPeer> peers)
    {
        var one = new ArrayBufferWriter<byte>(256);
        foreach (KadPeer peer in peers)
        {
            one.ResetWrittenCount();
            new ProtobufWriter(one).WriteMessage(field, peer, WritePeer);
            if (output.WrittenCount + one.WrittenCount > MaxWriteBytes)
                return;
            output.Write(one.WrittenSpan);
        }
    }

    private static void WriteRecord(ProtobufWriter writer, KadRecord record)
    {
        writer.WriteBytes(1, record.Key.Span);
        writer.WriteBytes(2, record.Value.Span);
        if (record.TimeReceived is { } time)
            writer.WriteString(5, time);
        if (record.TimeToLive is { } life)
            writer.WriteVarint(TimeToLiveField, (ulong)Math.Clamp(life.TotalSeconds, 1, uint.MaxValue));
    }

    private static void WritePeer(ProtobufWriter writer, KadPeer peer)
    {
        writer.WriteBytes(1, peer.Id.Bytes);
        foreach (Multiaddr address in peer.Addresses.Take(MaxAddresses))
            writer.WriteBytes(2, address.Bytes);
        writer.WriteVarint(3, (ulong)peer.Connection);
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> bytes, out KadRecord? record)
    {
        record = null;
        byte[] key = [], content = [];
        string? time = null;
        ulong life = 0;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (type != WireType.Bytes)
            {
                if (field == TimeToLiveField && type == WireType.Varint ? !reader.TryReadVarint(out life) : !reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                return false;
            if (field == 1)
                key = value.ToArray();
            else if (field == 2)
                content = value.ToArray();
            else if (field == 5 && value.Length <= 64)
                time = Encoding.UTF8.GetString(value);
        }
        record = new KadRecord(key, content, time) { TimeToLive = life is > 0 and <= uint.MaxValue ? TimeSpan.FromSeconds(life) : null };
        return true;
    }

    private static void AddPeer(List<KadPeer> peers, ReadOnlySpan<byte> bytes)
    {
        if (peers.Count == MaxPeers)
            return;
        PeerId id = default;
        ulong connection = 0;
        var addresses = new List<Multiaddr>();
        var reader = new ProtobufReader(bytes);
        while (reader.TryReadTag(out int field, out WireType type))
        {
            if (field == 3 && type == WireType.Varint)
            {
                if (!reader.TryReadVarint(out connection))
                    return;
            }
            else if (field is 1 or 2 && type == WireType.Bytes)
            {
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> value) || (field == 1 && !PeerId.TryDecode(value, out id)))
                    return;
                if (field == 2 && addresses.Count < MaxAddresses && Multiaddr.TryDecode(value, out Multiaddr? address))
                    addresses.Add(address);
            }
            else if (!reader.TrySkip(type))
                return;
        }
        if (reader.IsAtEnd && !id.IsEmpty)
            peers.Add(new KadPeer(id, Plain(addresses, id), connection <= (ulong)KadConnection.CannotConnect ? (KadConnection)connection : KadConnection.NotConnected));
    }

    /// <summary>Without the peer's own name at their end, which some write; those that name another peer there are not its.</summary>
    private static List<Multiaddr> Plain(List<Multiaddr> addresses, PeerId peer) =>
        [.. addresses.Where(a => a.PeerId is not { } named || named == peer).Select(a => a.WithoutPeer()).OfType<Multiaddr>()];
}
