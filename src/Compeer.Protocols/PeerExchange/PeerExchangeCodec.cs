using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PeerExchange;

/// <summary>Encodes and decodes ut_pex messages. Spec: BEP 11.</summary>
public static class PeerExchangeCodec
{
    /// <summary>The longest message that is looked at: 1,000 IPv6 peers each way would not fill it.</summary>
    public const int MaxLengthBytes = 40 * 1024;

    private static readonly BencodeLimits Limits = new() { MaxDepth = 4, MaxTokens = 64, MaxBytes = MaxLengthBytes };

    /// <summary>Writes a message; addresses inside IPv6 that are IPv4 must have been unmapped by the caller.</summary>
    public static void Write(IBufferWriter<byte> output, PeerExchangeMessage message)
    {
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        Added(writer, "added"u8, "added.f"u8, message.Added, isV6: false);
        Added(writer, "added6"u8, "added6.f"u8, message.Added, isV6: true);
        Dropped(writer, "dropped"u8, message.Dropped, isV6: false);
        Dropped(writer, "dropped6"u8, message.Dropped, isV6: true);
        writer.End();
    }

    /// <summary>
    /// Reads a message. False when it is not a dictionary, a list of peers is no whole number of records, or the flags are not
    /// one byte a peer; <paramref name="named"/> is how many peers it names, impossible ones included.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out PeerExchangeMessage? message, out int named)
    {
        message = null;
        named = 0;
        if (payload.Length > MaxLengthBytes
            || !BencodeDocument.TryParse(payload, Limits, out BencodeDocument? document, out _)
            || document.Root.Kind != BencodeKind.Dictionary)
            return false;
        BencodeElement root = document.Root;
        var added = new List<ExchangedPeer>();
        var dropped = new List<IPEndPoint>();
        if (!TryAdded(root, "added"u8, "added.f"u8, false, added, ref named)
            || !TryAdded(root, "added6"u8, "added6.f"u8, true, added, ref named)
            || !TryDropped(root, "dropped"u8, false, dropped, ref named)
            || !TryDropped(root, "dropped6"u8, true, dropped, ref named))
            return false;
        message = new PeerExchangeMessage([.. added], [.. dropped]);
        return true;
    }

    private static void Added(BencodeWriter writer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> flagsKey, ImmutableArray<ExchangedPeer> peers, bool isV6)
    {
        ExchangedPeer[] some = [.. peers.Where(p => CompactPeers.IsV6(p.EndPoint.Address) == isV6)];
        if (some.Length == 0)
            return;
        writer.Key(key);
        writer.String(Compact([.. some.Select(p => p.EndPoint)]));
        writer.Key(flagsKey);
        writer.String([.. some.Select(p => (byte)p.Flags)]);
    }

    private static void Dropped(BencodeWriter writer, ReadOnlySpan<byte> key, ImmutableArray<IPEndPoint> peers, bool isV6)
    {
        IPEndPoint[] some = [.. peers.Where(p => CompactPeers.IsV6(p.Address) == isV6)];
        if (some.Length == 0)
            return;
        writer.Key(key);
        writer.String(Compact(some));
    }

    private static byte[] Compact(IPEndPoint[] peers)
    {
        byte[] records = new byte[peers.Length * CompactPeers.LengthOf(CompactPeers.IsV6(peers[0].Address))];
        int at = 0;
        foreach (IPEndPoint peer in peers)
            at += CompactPeers.Write(records.AsSpan(at), peer);
        return records;
    }

    private static bool TryAdded(BencodeElement root, ReadOnlySpan<byte> key, ReadOnlySpan<byte> flagsKey, bool isV6, List<ExchangedPeer> added, ref int named)
    {
        if (!TryRecords(root, key, isV6, out ReadOnlyMemory<byte> records, out int count))
            return false;
        ReadOnlyMemory<byte> flags = default;
        if (root.TryGet(flagsKey, out BencodeElement element) && !element.TryGetBytes(out flags))
            return false;
        if (!flags.IsEmpty && flags.Length != count)
            return false;
        named += count;
        for (int i = 0; i < count; i++)
        {
            if (TryPeer(records.Span, i, isV6, out IPEndPoint peer))
                added.Add(new ExchangedPeer(peer, flags.IsEmpty ? PeerExchangeFlags.None : (PeerExchangeFlags)(flags.Span[i] & 0x1F)));
        }
        return true;
    }

    private static bool TryDropped(BencodeElement root, ReadOnlySpan<byte> key, bool isV6, List<IPEndPoint> dropped, ref int named)
    {
        if (!TryRecords(root, key, isV6, out ReadOnlyMemory<byte> records, out int count))
            return false;
        named += count;
        for (int i = 0; i < count; i++)
        {
            if (TryPeer(records.Span, i, isV6, out IPEndPoint peer))
                dropped.Add(peer);
        }
        return true;
    }

    private static bool TryRecords(BencodeElement root, ReadOnlySpan<byte> key, bool isV6, out ReadOnlyMemory<byte> records, out int count)
    {
        records = default;
        count = 0;
        if (!root.TryGet(key, out BencodeElement element))
            return true;
        if (!element.TryGetBytes(out records) || records.Length % CompactPeers.LengthOf(isV6) != 0)
            return false;
        count = records.Length / CompactPeers.LengthOf(isV6);
        return true;
    }

    /// <summary>False for what cannot be a peer: port 0, multicast, unspecified.</summary>
    private static bool TryPeer(ReadOnlySpan<byte> records, int index, bool isV6, out IPEndPoint peer)
    {
        int size = CompactPeers.LengthOf(isV6);
        ReadOnlySpan<byte> record = records.Slice(index * size, size);
        var address = new IPAddress(record[..(size - 2)]);
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        peer = new IPEndPoint(address, BinaryPrimitives.ReadUInt16BigEndian(record[(size - 2)..]));
        return AddressReaches.CanBePeer(peer);
    }
}
