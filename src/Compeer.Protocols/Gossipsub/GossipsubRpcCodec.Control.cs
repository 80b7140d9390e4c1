using System.Collections.Immutable;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Gossipsub;

// The control part is read apart, for several in one RPC add up.
public sealed partial class GossipsubRpcCodec
{
    /// <summary>The control part while it is read; several in one RPC add up.</summary>
    private sealed class Control
    {
        private int _announced;
        private int _offered;

        public ImmutableArray<IHave>.Builder IHave { get; } = ImmutableArray.CreateBuilder<IHave>();

        public ImmutableArray<MessageId>.Builder IWant { get; } = ImmutableArray.CreateBuilder<MessageId>();

        public ImmutableArray<string>.Builder Graft { get; } = ImmutableArray.CreateBuilder<string>();

        public ImmutableArray<Prune>.Builder Prune { get; } = ImmutableArray.CreateBuilder<Prune>();

        public ImmutableArray<MessageId>.Builder IDontWant { get; } = ImmutableArray.CreateBuilder<MessageId>();

        public bool TryRead(ReadOnlySpan<byte> source)
        {
            var reader = new ProtobufReader(source);
            while (reader.TryReadTag(out int field, out WireType type))
            {
                if (field is < 1 or > 5 || type != WireType.Bytes)
                {
                    if (!reader.TrySkip(type))
                        return false;
                    continue;
                }
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> part))
                    return false;
                bool read = field switch
                {
                    1 => IHave.Count < MaxElements && TryReadIHave(part),
                    2 => TryReadIds(part, IWant),
                    3 => Graft.Count < MaxElements && TryReadGraft(part),
                    4 => Prune.Count < MaxElements && TryReadPrune(part),
                    _ => TryReadIds(part, IDontWant),
                };
                if (!read)
                    return false;
            }
            return reader.IsAtEnd;
        }

        private static bool TryReadId(ref ProtobufReader reader, ImmutableArray<MessageId>.Builder ids)
        {
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> id) || id.Length > MessageId.MaxBytes)
                return false;
            ids.Add(new MessageId(id.ToArray()));
            return true;
        }

        private static bool TryReadIds(ReadOnlySpan<byte> source, ImmutableArray<MessageId>.Builder ids)
        {
            var reader = new ProtobufReader(source);
            while (reader.TryReadTag(out int field, out WireType type))
            {
                if (field == 1 && type == WireType.Bytes ? ids.Count == MaxElements || !TryReadId(ref reader, ids) : !reader.TrySkip(type))
                    return false;
            }
            return reader.IsAtEnd;
        }

        private bool TryReadIHave(ReadOnlySpan<byte> source)
        {
            var reader = new ProtobufReader(source);
            var ids = ImmutableArray.CreateBuilder<MessageId>();
            string? topic = null;
            while (reader.TryReadTag(out int field, out WireType type))
            {
                bool read = (field, type) switch
                {
                    (1, WireType.Bytes) => TryReadTopic(ref reader, out topic),
                    (2, WireType.Bytes) => ++_announced <= MaxElements && TryReadId(ref reader, ids),
                    _ => reader.TrySkip(type),
                };
                if (!read)
                    return false;
            }
            if (!reader.IsAtEnd || topic is null)
                return false;
            IHave.Add(new IHave(topic, ids.ToImmutable()));
            return true;
        }

        private bool TryReadGraft(ReadOnlySpan<byte> source)
        {
            var reader = new ProtobufReader(source);
            string? topic = null;
            while (reader.TryReadTag(out int field, out WireType type))
            {
                if (field == 1 && type == WireType.Bytes ? !TryReadTopic(ref reader, out topic) : !reader.TrySkip(type))
                    return false;
            }
            if (!reader.IsAtEnd || topic is null)
                return false;
            Graft.Add(topic);
            return true;
        }

        private bool TryReadPrune(ReadOnlySpan<byte> source)
        {
            var reader = new ProtobufReader(source);
            var peers = ImmutableArray.CreateBuilder<OfferedPeer>();
            string? topic = null;
            TimeSpan? backoff = null;
            while (reader.TryReadTag(out int field, out WireType type))
            {
                bool read;
                switch (field, type)
                {
                    case (1, WireType.Bytes):
                        read = TryReadTopic(ref reader, out topic);
                        break;
                    case (2, WireType.Bytes):
                        read = reader.TryReadBytes(out ReadOnlySpan<byte> offered) && ++_offered <= MaxElements && TryReadPeer(offered, peers);
                        break;
                    case (3, WireType.Varint):
                        read = reader.TryReadVarint(out ulong seconds);
                        backoff = TimeSpan.FromSeconds(Math.Min(seconds, (ulong)GossipsubOptions.MaxBackoff.TotalSeconds));
                        break;
                    default:
                        read = reader.TrySkip(type);
                        break;
                }
                if (!read)
                    return false;
            }
            if (!reader.IsAtEnd || topic is null)
                return false;
            Prune.Add(new Prune(topic, backoff, peers.ToImmutable()));
            return true;
        }

        private static bool TryReadPeer(ReadOnlySpan<byte> source, ImmutableArray<OfferedPeer>.Builder peers)
        {
            var reader = new ProtobufReader(source);
            byte[] id = [], record = [];
            while (reader.TryReadTag(out int field, out WireType type))
            {
                if (field is 1 or 2 && type == WireType.Bytes)
                {
                    if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                        return false;
                    if (field == 1)
                        id = value.ToArray();
                    else
                        record = value.ToArray();
                }
                else if (!reader.TrySkip(type))
                {
                    return false;
                }
            }
            peers.Add(new OfferedPeer(id, record));
            return reader.IsAtEnd;
        }
    }
}
