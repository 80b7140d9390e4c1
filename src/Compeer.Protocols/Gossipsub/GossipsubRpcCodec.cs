using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossipsub;

/// <summary>RPCs as protobuf, without the length before them.</summary>
/// <remarks>Spec: libp2p/specs pubsub/README.md; gossipsub v1.0 to v1.2. Unknown fields are passed over; those of messages stay in what is signed.</remarks>
public sealed partial class GossipsubRpcCodec : IOverlayCodec<GossipsubRpc>
{
    /// <summary>Longest RPC that is read.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Most elements of one kind in an RPC, and most message ids of one kind; one with more is refused as a whole.</summary>
    public const int MaxElements = 5000;

    /// <summary>Longest name of a topic in bytes of UTF-8.</summary>
    public const int MaxTopicBytes = 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private GossipsubRpcCodec()
    {
    }

    /// <summary>The codec, where an overlay wants one.</summary>
    public static GossipsubRpcCodec Instance { get; } = new();

    void IOverlayCodec<GossipsubRpc>.Encode(in GossipsubRpc message, IBufferWriter<byte> output) => Encode(message, output);

    bool IOverlayCodec<GossipsubRpc>.TryDecode(ReadOnlySpan<byte> source, out GossipsubRpc message) => TryDecode(source, out message);

    /// <summary>Writes one.</summary>
    public static void Encode(in GossipsubRpc rpc, IBufferWriter<byte> output)
    {
        var writer = new ProtobufWriter(output);
        foreach (TopicSubscription subscription in Items(rpc.Subscriptions))
        {
            writer.WriteMessage(1, subscription, static (message, s) =>
            {
                message.WriteVarint(1, s.Subscribes ? 1UL : 0);
                message.WriteString(2, s.Topic);
            });
        }
        foreach (PubsubMessage published in Items(rpc.Publish))
            writer.WriteMessage(2, published, static (message, p) => Write(message, p, withSignature: true));
        if (!(rpc.IHave.IsDefaultOrEmpty && rpc.IWant.IsDefaultOrEmpty && rpc.Graft.IsDefaultOrEmpty && rpc.Prune.IsDefaultOrEmpty && rpc.IDontWant.IsDefaultOrEmpty))
            writer.WriteMessage(3, rpc, static (message, r) => WriteControl(message, r));
    }

    /// <summary>What a signature is over.</summary>
    public static byte[] EncodeUnsigned(PubsubMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(new ProtobufWriter(output), message, withSignature: false);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads one; false where it is malformed or says more than <see cref="MaxElements"/> of anything. Data of messages is a copy.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, out GossipsubRpc rpc)
    {
        rpc = default;
        if (source.Length > MaxBytes)
            return false;
        var subscriptions = ImmutableArray.CreateBuilder<TopicSubscription>();
        var publish = ImmutableArray.CreateBuilder<PubsubMessage>();
        var control = new Control();
        var reader = new ProtobufReader(source);
        while (reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> bytes) && subscriptions.Count < MaxElements && TryReadSubscription(bytes, subscriptions),
                (2, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> bytes) && publish.Count < MaxElements && TryReadMessage(bytes, publish),
                (3, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> bytes) && control.TryRead(bytes),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd)
            return false;
        rpc = new GossipsubRpc
        {
            Subscriptions = subscriptions.ToImmutable(),
            Publish = publish.ToImmutable(),
            IHave = control.IHave.ToImmutable(),
            IWant = control.IWant.ToImmutable(),
            Graft = control.Graft.ToImmutable(),
            Prune = control.Prune.ToImmutable(),
            IDontWant = control.IDontWant.ToImmutable(),
        };
        return true;
    }

    internal static ReadOnlySpan<T> Items<T>(ImmutableArray<T> items) => items.IsDefault ? [] : items.AsSpan();

    private static void Write(ProtobufWriter writer, PubsubMessage message, bool withSignature)
    {
        if (message.From is { } from)
            writer.WriteBytes(1, from);
        writer.WriteBytes(2, message.Data.Span);
        if (message.SequenceNumber is { } number)
            writer.WriteBytes(3, number);
        writer.WriteString(4, message.Topic);
        if (!withSignature)
            return;
        if (message.Signature is { } signature)
            writer.WriteBytes(5, signature);
        if (message.Key is { } key)
            writer.WriteBytes(6, key);
    }

    private static void WriteControl(ProtobufWriter writer, in GossipsubRpc rpc)
    {
        foreach (IHave have in Items(rpc.IHave))
        {
            writer.WriteMessage(1, have, static (message, h) =>
            {
                message.WriteString(1, h.Topic);
                foreach (MessageId id in Items(h.Ids))
                    message.WriteBytes(2, id.Bytes);
            });
        }
        WriteIds(writer, 2, rpc.IWant);
        foreach (string topic in Items(rpc.Graft))
            writer.WriteMessage(3, topic, static (message, t) => message.WriteString(1, t));
        foreach (Prune prune in Items(rpc.Prune))
            writer.WriteMessage(4, prune, static (message, p) => WritePrune(message, p));
        WriteIds(writer, 5, rpc.IDontWant);
    }

    private static void WriteIds(ProtobufWriter writer, int field, ImmutableArray<MessageId> ids)
    {
        if (ids.IsDefaultOrEmpty)
            return;
        writer.WriteMessage(field, ids, static (message, all) =>
        {
            foreach (MessageId id in all)
                message.WriteBytes(1, id.Bytes);
        });
    }

    private static void WritePrune(ProtobufWriter writer, Prune prune)
    {
        writer.WriteString(1, prune.Topic);
        foreach (OfferedPeer peer in Items(prune.Peers))
        {
            writer.WriteMessage(2, peer, static (message, p) =>
            {
                message.WriteBytes(1, p.PeerId.Span);
                if (!p.SignedPeerRecord.IsEmpty)
                    message.WriteBytes(2, p.SignedPeerRecord.Span);
            });
        }
        if (prune.Backoff is { } backoff)
            writer.WriteVarint(3, (ulong)Math.Max(0, backoff.TotalSeconds));
    }

    private static bool TryReadSubscription(ReadOnlySpan<byte> source, ImmutableArray<TopicSubscription>.Builder subscriptions)
    {
        var reader = new ProtobufReader(source);
        ulong subscribes = 0;
        string? topic = null;
        while (reader.TryReadTag(out int field, out WireType type))
        {
            bool read = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out subscribes),
                (2, WireType.Bytes) => TryReadTopic(ref reader, out topic),
                _ => reader.TrySkip(type),
            };
            if (!read)
                return false;
        }
        if (!reader.IsAtEnd || topic is null)
            return false;
        subscriptions.Add(new TopicSubscription(topic, subscribes != 0));
        return true;
    }

    private static bool TryReadMessage(ReadOnlySpan<byte> source, ImmutableArray<PubsubMessage>.Builder publish)
    {
        var reader = new ProtobufReader(source);
        byte[] all = source.ToArray();
        // Signature and key: the latter is not signed either, whatever the specification leaves out.
        var unsigned = new List<Range>(2);
        string? topic = null;
        var message = new PubsubMessage("", ReadOnlyMemory<byte>.Empty);
        while (true)
        {
            int start = reader.Position;
            if (!reader.TryReadTag(out int field, out WireType type))
                break;
            if (field is 1 or 2 or 3 or 5 or 6 && type == WireType.Bytes)
            {
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                    return false;
                // Two signatures would leave open what the second one is over.
                if ((field == 5 && message.Signature is not null) || (field == 6 && message.Key is not null))
                    return false;
                message = field switch
                {
                    1 => message with { From = value.ToArray() },
                    2 => message with { Data = all.AsMemory(reader.Position - value.Length, value.Length) },
                    3 => message with { SequenceNumber = value.ToArray() },
                    5 => message with { Signature = value.ToArray() },
                    _ => message with { Key = value.ToArray() },
                };
                if (field >= 5)
                    unsigned.Add(start..reader.Position);
            }
            else if (field == 4 && type == WireType.Bytes ? !TryReadTopic(ref reader, out topic) : !reader.TrySkip(type))
            {
                return false;
            }
        }
        if (!reader.IsAtEnd || topic is null)
            return false;
        publish.Add(message with { Topic = topic, Signed = Without(all, unsigned) });
        return true;
    }

    /// <summary>Mostly these are the last parts, and then nothing is copied.</summary>
    private static ReadOnlyMemory<byte> Without(byte[] all, List<Range> parts)
    {
        ReadOnlyMemory<byte> rest = all;
        for (int i = parts.Count - 1; i >= 0; i--)
        {
            int start = parts[i].Start.Value, end = parts[i].End.Value;
            rest = end == rest.Length ? rest[..start] : (byte[])[.. rest.Span[..start], .. rest.Span[end..]];
        }
        return rest;
    }

    private static bool TryReadTopic(ref ProtobufReader reader, [NotNullWhen(true)] out string? topic)
    {
        topic = null;
        if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes) || bytes.Length > MaxTopicBytes)
            return false;
        try
        {
            topic = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
