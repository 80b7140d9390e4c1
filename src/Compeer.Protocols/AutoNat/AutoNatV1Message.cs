using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.AutoNat;

/// <summary>How a request of AutoNAT v1 ended.</summary>
public enum AutoNatV1Status
{
    Ok = 0,
    DialError = 100,
    DialRefused = 101,
    BadRequest = 200,
    InternalError = 300,
}

/// <summary>
/// A message of AutoNAT v1: a request to be dialled at some addresses, or the answer. <code>
/// 1 type (0 DIAL, 1 DIAL_RESPONSE) | 2 dial { 1 peer { 1 id | 2 address, repeated } } | 3 response { 1 status | 2 text | 3 address }
/// </code>
/// Spec: libp2p/specs autonat/autonat-v1.md.
/// </summary>
public abstract record AutoNatV1Message
{
    /// <summary>The protocol.</summary>
    public const string Protocol = "/libp2p/autonat/1.0.0";

    /// <summary>The longest message that is read.</summary>
    public const int MaxBytes = 8192;

    /// <summary>Most addresses that are read; what follows is passed over.</summary>
    public const int MaxAddresses = 16;

    /// <summary>Dial me.</summary>
    public sealed record Dial(PeerId Peer, IReadOnlyList<Multiaddr> Addresses) : AutoNatV1Message;

    /// <summary>What came of it; the address that answered, where one did.</summary>
    public sealed record Response(AutoNatV1Status Status, Multiaddr? Address) : AutoNatV1Message;

    /// <summary>The message as it passes.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new ProtobufWriter(output);
        if (this is Dial dial)
        {
            writer.WriteVarint(1, 0);
            writer.WriteMessage(2, dial, static (outer, dial) => outer.WriteMessage(1, dial, static (peer, dial) =>
            {
                peer.WriteBytes(1, dial.Peer.Bytes);
                foreach (Multiaddr address in dial.Addresses.Take(MaxAddresses))
                    peer.WriteBytes(2, address.Bytes);
            }));
        }
        else if (this is Response response)
        {
            writer.WriteVarint(1, 1);
            writer.WriteMessage(3, response, static (nested, response) =>
            {
                nested.WriteVarint(1, (ulong)response.Status);
                if (response.Address is not null)
                    nested.WriteBytes(3, response.Address.Bytes);
            });
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a message; addresses that cannot be read are left out. False where it is malformed or lacks what its type needs.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AutoNatV1Message? message)
    {
        message = null;
        ulong kind = ulong.MaxValue;
        ReadOnlySpan<byte> dial = default, response = default;
        var reader = new ProtobufReader(bytes.Length <= MaxBytes ? bytes : []);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out kind),
                (2, WireType.Bytes) => reader.TryReadBytes(out dial),
                (3, WireType.Bytes) => reader.TryReadBytes(out response),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return false;
        }
        message = kind switch
        {
            0 => ReadDial(dial),
            1 => ReadResponse(response),
            _ => null,
        };
        return message is not null;
    }

    private static Dial? ReadDial(ReadOnlySpan<byte> bytes)
    {
        PeerId peer = default;
        List<Multiaddr> addresses = [];
        var outer = new ProtobufReader(bytes);
        while (!outer.IsAtEnd)
        {
            if (!outer.TryReadTag(out int field, out WireType type))
                return null;
            if (field != 1 || type != WireType.Bytes)
            {
                if (!outer.TrySkip(type))
                    return null;
                continue;
            }
            if (!outer.TryReadBytes(out ReadOnlySpan<byte> info) || !ReadPeer(info, ref peer, addresses))
                return null;
        }
        return peer.IsEmpty ? null : new Dial(peer, addresses);
    }

    private static bool ReadPeer(ReadOnlySpan<byte> bytes, ref PeerId peer, List<Multiaddr> addresses)
    {
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (field is not (1 or 2) || type != WireType.Bytes)
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value) || (field == 1 && !PeerId.TryDecode(value, out peer)))
                return false;
            if (field == 2 && addresses.Count < MaxAddresses && Multiaddr.TryDecode(value, out Multiaddr? address))
                addresses.Add(address);
        }
        return true;
    }

    private static Response? ReadResponse(ReadOnlySpan<byte> bytes)
    {
        ulong status = 0;
        Multiaddr? address = null;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return null;
            bool isRead = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out status),
                (3, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> value) && (value.IsEmpty || Multiaddr.TryDecode(value, out address)),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return null;
        }
        return new Response(status <= int.MaxValue ? (AutoNatV1Status)status : AutoNatV1Status.InternalError, address);
    }
}
