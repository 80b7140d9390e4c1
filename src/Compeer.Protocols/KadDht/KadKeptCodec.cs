using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// What is kept, as bytes:
/// <code>Kept { 1 kind  2 key, place, multihash or name  3 value  4 peer  5 time (milliseconds since 1970)  6 network  7 address... }</code>
/// </summary>
public static class KadKeptCodec
{
    /// <summary>The most bytes that one thing takes: a value of 10 KiB, or the addresses of a message of 16 KiB.</summary>
    public const int MaxBytes = KadMessage.MaxWriteBytes + 1024;

    /// <summary>The bytes of something that is kept.</summary>
    public static byte[] Encode(KadKept kept)
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new ProtobufWriter(output);
        switch (kept)
        {
            case KadKept.Value value:
                Write(writer, KadKeptKind.Value, value.Key.Span, value.Until);
                writer.WriteBytes(3, value.Content.Span);
                writer.WriteBytes(4, value.From.Bytes);
                break;
            case KadKept.Provider provider:
                byte[] place = new byte[Key256.LengthBytes];
                provider.Place.Write(place);
                Write(writer, KadKeptKind.Provider, place, provider.Since);
                writer.WriteBytes(4, provider.Peer.Bytes);
                writer.WriteVarint(6, provider.Network);
                foreach (Multiaddr address in provider.Addresses)
                    writer.WriteBytes(7, address.Bytes);
                break;
            case KadKept.Published published:
                Write(writer, KadKeptKind.Published, published.Key.Span, published.Due);
                writer.WriteBytes(3, published.Content.Span);
                break;
            case KadKept.Provided provided:
                Write(writer, KadKeptKind.Provided, provided.Content.Bytes, provided.Due);
                break;
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The bytes that say that something is kept no more.</summary>
    public static byte[] EncodeDropped(ReadOnlySpan<byte> name)
    {
        var output = new ArrayBufferWriter<byte>(64);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, (ulong)KadKeptKind.Dropped);
        writer.WriteBytes(2, name);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads what one of the two above wrote.</summary>
    /// <param name="bytes">At most <see cref="MaxBytes"/>.</param>
    /// <param name="name">What it is about.</param>
    /// <param name="kept">What is kept; null when it is kept no more.</param>
    /// <returns>False when the bytes are malformed.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out byte[]? name, out KadKept? kept)
    {
        (name, kept) = (null, null);
        ulong kind = ulong.MaxValue, time = 0, network = 0;
        byte[] key = [], value = [];
        PeerId peer = default;
        List<Multiaddr> addresses = [];
        var reader = new ProtobufReader(bytes);
        while (bytes.Length <= MaxBytes && !reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (type == WireType.Varint)
            {
                if (!reader.TryReadVarint(out ulong number))
                    return false;
                (kind, time, network) = (field == 1 ? number : kind, field == 5 ? number : time, field == 6 ? number : network);
                continue;
            }
            if (type != WireType.Bytes || !reader.TryReadBytes(out ReadOnlySpan<byte> content))
                return false;
            if (field == 2)
                key = content.ToArray();
            else if (field == 3)
                value = content.ToArray();
            else if (field == 4 && !PeerId.TryDecode(content, out peer))
                return false;
            else if (field == 7 && Multiaddr.TryDecode(content, out Multiaddr? address) && addresses.Count < KadMessage.MaxAddresses)
                addresses.Add(address);
        }
        if (!reader.IsAtEnd || key.Length is 0 or > KadMessage.MaxKeyBytes || time > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return false;
        DateTimeOffset when = DateTimeOffset.FromUnixTimeMilliseconds((long)time);
        kept = (KadKeptKind)kind switch
        {
            KadKeptKind.Value when !peer.IsEmpty => new KadKept.Value(peer, key, value, when),
            KadKeptKind.Provider when !peer.IsEmpty && key.Length == Key256.LengthBytes => new KadKept.Provider(Key256.Read(key), peer, network, addresses, when),
            KadKeptKind.Published => new KadKept.Published(key, value, when),
            KadKeptKind.Provided when Multihash.TryDecode(key, out Multihash? content) => new KadKept.Provided(content, when),
            _ => null,
        };
        name = kept is not null ? kept.Name : kind == (ulong)KadKeptKind.Dropped ? key : null;
        return name is not null;
    }

    private static void Write(ProtobufWriter writer, KadKeptKind kind, ReadOnlySpan<byte> key, DateTimeOffset time)
    {
        writer.WriteVarint(1, (ulong)kind);
        writer.WriteBytes(2, key);
        writer.WriteVarint(5, (ulong)Math.Max(0, time.ToUnixTimeMilliseconds()));
    }
}
