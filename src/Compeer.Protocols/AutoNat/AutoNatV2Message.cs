using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.AutoNat;

/// <summary>How a request of AutoNAT v2 ended.</summary>
public enum AutoNatV2Status
{
    InternalError = 0,
    RequestRejected = 100,
    DialRefused = 101,
    Ok = 200,
}

/// <summary>How the dial of one address ended.</summary>
public enum AutoNatDialStatus
{
    Unused = 0,
    DialError = 100,
    DialBackError = 101,
    Ok = 200,
}

/// <summary>
/// A message of AutoNAT v2, one of four in the field of its number. <code>
/// 1 { 1 address, repeated | 2 nonce (fixed64) } | 2 { 1 status | 2 index | 3 dial status } | 3 { 1 index | 2 bytes } | 4 { 1 data }
/// </code>
/// Spec: libp2p/specs autonat/autonat-v2.md, "RPC Messages".
/// </summary>
public abstract record AutoNatV2Message
{
    /// <summary>Asks to be dialled.</summary>
    public const string RequestProtocol = "/libp2p/autonat/2/dial-request";

    /// <summary>Brings the nonce over the connection that was dialled.</summary>
    public const string DialBackProtocol = "/libp2p/autonat/2/dial-back";

    /// <summary>The longest message that is read.</summary>
    public const int MaxBytes = 8192;

    /// <summary>Most addresses of a request that are read; what follows is passed over.</summary>
    public const int MaxAddresses = 50;

    /// <summary>The most data that one message carries.</summary>
    public const int MaxDataBytes = 4096;

    /// <summary>Dial the first of these that you are willing to dial; the index of an address that cannot be read stays, with null.</summary>
    public sealed record DialRequest(IReadOnlyList<Multiaddr?> Addresses, ulong Nonce) : AutoNatV2Message;

    /// <summary>What came of it.</summary>
    public sealed record DialResponse(AutoNatV2Status Status, int Index, AutoNatDialStatus Dial) : AutoNatV2Message;

    /// <summary>Send so many bytes first: the address is another than yours.</summary>
    public sealed record DialDataRequest(int Index, long Bytes) : AutoNatV2Message;

    /// <summary>Some of them.</summary>
    public sealed record DialDataResponse(ReadOnlyMemory<byte> Data) : AutoNatV2Message;

    /// <summary>The message that proves a dial: <code>1 nonce (fixed64)</code></summary>
    public static byte[] EncodeDialBack(ulong nonce)
    {
        var output = new ArrayBufferWriter<byte>(9);
        new ProtobufWriter(output).WriteFixed64(1, nonce);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads the message that proves a dial.</summary>
    public static bool TryDecodeDialBack(ReadOnlySpan<byte> bytes, out ulong nonce)
    {
        nonce = 0;
        var reader = new ProtobufReader(bytes);
        bool isFound = false;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isNonce = field == 1 && type == WireType.Fixed64;
            if (isNonce ? !reader.TryReadFixed64(out nonce) : !reader.TrySkip(type))
                return false;
            isFound |= isNonce;
        }
        return isFound;
    }

    /// <summary>The message as it passes.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new ProtobufWriter(output);
        switch (this)
        {
            case DialRequest request:
                writer.WriteMessage(1, request, static (nested, request) =>
                {
                    foreach (Multiaddr address in request.Addresses.OfType<Multiaddr>().Take(MaxAddresses))
                        nested.WriteBytes(1, address.Bytes);
                    nested.WriteFixed64(2, request.Nonce);
                });
                break;
            case DialResponse response:
                writer.WriteMessage(2, response, static (nested, response) =>
                {
                    nested.WriteVarint(1, (ulong)response.Status);
                    nested.WriteVarint(2, (ulong)response.Index);
                    nested.WriteVarint(3, (ulong)response.Dial);
                });
                break;
            case DialDataRequest request:
                writer.WriteMessage(3, request, static (nested, request) =>
                {
                    nested.WriteVarint(1, (ulong)request.Index);
                    nested.WriteVarint(2, (ulong)request.Bytes);
                });
                break;
            case DialDataResponse response:
                writer.WriteMessage(4, response, static (nested, response) => nested.WriteBytes(1, response.Data.Span));
                break;
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a message; false where it is malformed, too long, or none of the four.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AutoNatV2Message? message)
    {
        message = null;
        var reader = new ProtobufReader(bytes.Length <= MaxBytes ? bytes : []);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (field is < 1 or > 4 || type != WireType.Bytes)
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> content))
                return false;
            message = field == 1 ? ReadRequest(content) : ReadOther(field, content);
            if (message is null)
                return false;
        }
        return message is not null;
    }

    private static DialRequest? ReadRequest(ReadOnlySpan<byte> bytes)
    {
        List<Multiaddr?> addresses = [];
        ulong nonce = 0;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return null;
            bool isRead = (field, type) switch
            {
                (1, WireType.Bytes) => TryReadAddress(ref reader, addresses),
                (2, WireType.Fixed64) => reader.TryReadFixed64(out nonce),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return null;
        }
        return new DialRequest(addresses, nonce);
    }

    private static bool TryReadAddress(ref ProtobufReader reader, List<Multiaddr?> addresses)
    {
        if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
            return false;
        if (addresses.Count < MaxAddresses)
            addresses.Add(Multiaddr.TryDecode(value, out Multiaddr? address) ? address : null);
        return true;
    }

    private static AutoNatV2Message? ReadOther(int kind, ReadOnlySpan<byte> bytes)
    {
        Span<ulong> values = stackalloc ulong[4];
        ReadOnlySpan<byte> data = default;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return null;
            bool isRead = type switch
            {
                WireType.Varint when field <= 3 => reader.TryReadVarint(out values[field]),
                WireType.Bytes when field == 1 => reader.TryReadBytes(out data),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return null;
        }
        return (kind, values[1] <= int.MaxValue && values[2] <= int.MaxValue && values[3] <= int.MaxValue) switch
        {
            (2, true) => new DialResponse((AutoNatV2Status)values[1], (int)values[2], (AutoNatDialStatus)values[3]),
            (3, true) => new DialDataRequest((int)values[1], (long)values[2]),
            (4, _) => new DialDataResponse(data.ToArray()),
            _ => null,
        };
    }
}
