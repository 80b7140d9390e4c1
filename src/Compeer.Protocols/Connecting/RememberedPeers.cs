using System.Buffers;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Connecting;

/// <summary>A peer that worked once.</summary>
/// <param name="EndPoint">Where it was reached.</param>
/// <param name="Sources">Who had told of it: peers of a private torrent may come from its tracker only.</param>
public sealed record RememberedPeer(IPEndPoint EndPoint, PeerSource Sources);

/// <summary>
/// Encodes and decodes the peers kept from run to run: a bencoded dictionary with compact addresses as trackers send them, and
/// two bytes of sources for each. Damaged bytes give no peers.
/// </summary>
public static class RememberedPeers
{
    /// <summary>Peers kept for a torrent.</summary>
    public const int Max = 200;

    private static readonly BencodeLimits Limits = new() { MaxDepth = 2, MaxTokens = 16, MaxBytes = 16 * 1024 };

    /// <summary>Encodes at most <see cref="Max"/> peers.</summary>
    public static byte[] Encode(IReadOnlyList<RememberedPeer> peers)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        Write(writer, "peers"u8, "peers.s"u8, [.. peers.Take(Max).Where(p => !CompactPeers.IsV6(p.EndPoint.Address))]);
        Write(writer, "peers6"u8, "peers6.s"u8, [.. peers.Take(Max).Where(p => CompactPeers.IsV6(p.EndPoint.Address))]);
        writer.End();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes; empty when the bytes are not what <see cref="Encode"/> writes.</summary>
    public static IReadOnlyList<RememberedPeer> Decode(ReadOnlyMemory<byte> bytes)
    {
        var peers = new List<RememberedPeer>();
        return BencodeDocument.TryParse(bytes, Limits, out BencodeDocument? document, out _)
            && TryRead(document.Root, "peers"u8, "peers.s"u8, false, peers)
            && TryRead(document.Root, "peers6"u8, "peers6.s"u8, true, peers)
                ? peers
                : [];
    }

    private static void Write(BencodeWriter writer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> sourcesKey, RememberedPeer[] peers)
    {
        byte[] records = new byte[peers.Sum(p => CompactPeers.LengthOf(CompactPeers.IsV6(p.EndPoint.Address)))];
        byte[] sources = new byte[2 * peers.Length];
        int at = 0;
        for (int i = 0; i < peers.Length; i++)
        {
            at += CompactPeers.Write(records.AsSpan(at), peers[i].EndPoint);
            sources[2 * i] = (byte)((int)peers[i].Sources >> 8);
            sources[(2 * i) + 1] = (byte)peers[i].Sources;
        }
        writer.Key(key);
        writer.String(records);
        writer.Key(sourcesKey);
        writer.String(sources);
    }

    private static bool TryRead(BencodeElement root, ReadOnlySpan<byte> key, ReadOnlySpan<byte> sourcesKey, bool isV6, List<RememberedPeer> peers)
    {
        int size = CompactPeers.LengthOf(isV6);
        if (!root.TryGetBytes(key, out ReadOnlyMemory<byte> records) || !root.TryGetBytes(sourcesKey, out ReadOnlyMemory<byte> sources)
            || records.Length % size != 0 || sources.Length != records.Length / size * 2)
            return false;
        var one = new List<IPEndPoint>(1);
        for (int i = 0; i < records.Length / size && peers.Count < Max; i++)
        {
            one.Clear();
            CompactPeers.TryRead(records.Span.Slice(i * size, size), isV6, 1, one);
            int told = (sources.Span[2 * i] << 8) | sources.Span[(2 * i) + 1];
            if (one.Count == 1)
                peers.Add(new RememberedPeer(one[0], (PeerSource)(told & 0x1FF)));
        }
        return true;
    }
}
