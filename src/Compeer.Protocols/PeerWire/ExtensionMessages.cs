using System.Buffers;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PeerWire;

/// <summary>What we say of ourselves in the extension handshake.</summary>
/// <param name="ClientName">Our name.</param>
/// <param name="ListenPort">Where we listen; 0 leaves it out.</param>
/// <param name="RequestQueue">Requests we take.</param>
/// <param name="MetadataBytes">Bytes of the info dictionary; 0 when we have none.</param>
/// <param name="IsUploadOnly">We fetch nothing more.</param>
/// <param name="TheirAddress">The remote's address as we see it.</param>
/// <param name="OffersPeerExchange">We exchange peers; never for private torrents.</param>
/// <param name="Relayed">Our port at a relay; null when we have none.</param>
/// <param name="OwnAddress">Our own address, for a peer that cannot see it; null leaves it out.</param>
public readonly record struct OwnExtensions(
    string ClientName, int ListenPort, int RequestQueue, int MetadataBytes, bool IsUploadOnly, IPAddress TheirAddress, bool OffersPeerExchange = false, IPEndPoint? Relayed = null,
    IPAddress? OwnAddress = null);

/// <summary>Encodes and decodes the extensions' own messages. Spec: BEP 9, 10, 11, 21, 54, 55.</summary>
internal static class ExtensionMessages
{
    /// <summary>Our number for metadata exchange.</summary>
    public const int Metadata = 1;

    /// <summary>Our number for lt_donthave.</summary>
    public const int DontHave = 2;

    /// <summary>Our number for upload_only.</summary>
    public const int UploadOnly = 3;

    /// <summary>Our number for ut_holepunch.</summary>
    public const int HolePunch = 4;

    /// <summary>Our number for ut_pex.</summary>
    public const int PeerExchange = 5;

    /// <summary>A further handshake that takes ut_pex back. Spec: BEP 10, a number of 0.</summary>
    public static ReadOnlySpan<byte> NoPeerExchange => "d1:md6:ut_pexi0eee"u8;

    public static byte[] Handshake(OwnExtensions own)
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        if (own.OwnAddress?.GetAddressBytes() is { } address)
        {
            writer.Key(address.Length == 4 ? "ipv4"u8 : "ipv6"u8);
            writer.String(address);
        }
        writer.Key("m"u8);
        writer.BeginDictionary();
        Integer(writer, "lt_donthave"u8, DontHave);
        Integer(writer, "upload_only"u8, UploadOnly);
        Integer(writer, "ut_holepunch"u8, HolePunch);
        Integer(writer, "ut_metadata"u8, Metadata);
        if (own.OffersPeerExchange)
            Integer(writer, "ut_pex"u8, PeerExchange);
        writer.End();
        if (own.MetadataBytes > 0)
            Integer(writer, "metadata_size"u8, own.MetadataBytes);
        if (own.ListenPort > 0)
            Integer(writer, "p"u8, own.ListenPort);
        if (own.Relayed is { } relayed)
        {
            Span<byte> compact = stackalloc byte[CompactPeers.V6LengthBytes];
            writer.Key("relay"u8);
            writer.String(compact[..CompactPeers.Write(compact, relayed)]);
        }
        Integer(writer, "reqq"u8, own.RequestQueue);
        if (own.IsUploadOnly)
            Integer(writer, "upload_only"u8, 1);
        writer.Key("v"u8);
        writer.Text(own.ClientName);
        writer.Key("yourip"u8);
        writer.String((own.TheirAddress.IsIPv4MappedToIPv6 ? own.TheirAddress.MapToIPv4() : own.TheirAddress).GetAddressBytes());
        writer.End();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>msg_type 0 request, 1 data (with the bytes behind), 2 reject.</summary>
    public static byte[] MetadataMessage(int type, int piece, int totalBytes = 0, ReadOnlySpan<byte> data = default)
    {
        var output = new ArrayBufferWriter<byte>(64 + data.Length);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        Integer(writer, "msg_type"u8, type);
        Integer(writer, "piece"u8, piece);
        if (type == 1)
            Integer(writer, "total_size"u8, totalBytes);
        writer.End();
        output.Write(data);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a metadata message; what follows the dictionary begins at <paramref name="dataOffset"/>.</summary>
    public static bool TryReadMetadata(ReadOnlySpan<byte> payload, out int type, out int piece, out int dataOffset)
    {
        type = piece = dataOffset = 0;
        // The dictionary is short; the data behind it need not be copied to be parsed.
        byte[] head = payload[..Math.Min(payload.Length, 1024)].ToArray();
        if (!BencodeDocument.TryParsePrefix(head, BencodeLimits.Peer, out BencodeDocument? document, out dataOffset, out _)
            || !document.Root.TryGetInteger("msg_type"u8, out long kind)
            || !document.Root.TryGetInteger("piece"u8, out long number)
            || kind is < 0 or > 255 || number is < 0 or > int.MaxValue)
            return false;
        type = (int)kind;
        piece = (int)number;
        return true;
    }

    private static void Integer(BencodeWriter writer, ReadOnlySpan<byte> key, long value)
    {
        writer.Key(key);
        writer.Integer(value);
    }
}
