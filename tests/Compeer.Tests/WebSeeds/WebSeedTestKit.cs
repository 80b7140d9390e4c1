using System.Text;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.WebSeeds;
using Compeer.Tests.Torrents;

namespace Compeer.Tests.WebSeeds;

/// <summary>Torrents whose every byte tells where it is, and what a perfect server answers.</summary>
internal static class WebSeedTestKit
{
    public const int PieceLength = 32 * 1024;

    public static readonly Instant Start = new(1_000_000);

    /// <summary>A v1 torrent of files with these paths and lengths; a name ".pad" makes padding.</summary>
    public static Metainfo Folder(string name, params (string Path, long Length)[] files)
    {
        var text = new StringBuilder("d4:infod5:filesl");
        long total = 0;
        foreach ((string path, long length) in files)
        {
            text.Append(path == ".pad" ? "d4:attr1:p" : "d").Append("6:lengthi").Append(length).Append("e4:pathl");
            foreach (string element in path.Split('/'))
                text.Append(Encoding.UTF8.GetByteCount(element)).Append(':').Append(element);
            text.Append("ee");
            total += length;
        }
        return Parse(text.Append('e'), name, total);
    }

    public static Metainfo SingleFile(string name, long length) => Parse(new StringBuilder($"d4:infod6:lengthi{length}e"), name, length);

    public static WebSeedSession Session(Metainfo metainfo, WebSeedOptions? options = null, string url = "http://seed.example/") =>
        new(options ?? new WebSeedOptions(), new WebSeedLayout(metainfo), new Uri(url));

    /// <summary>All blocks of pieces in a row.</summary>
    public static BlockRequest[] Blocks(Metainfo metainfo, int first, int count)
    {
        var blocks = new List<BlockRequest>();
        for (int piece = first; piece < first + count; piece++)
        {
            for (int begin = 0; begin < metainfo.DataLengthAt(piece); begin += BlockRequest.BlockBytes)
                blocks.Add(new BlockRequest(piece, begin, Math.Min(BlockRequest.BlockBytes, metainfo.DataLengthAt(piece) - begin)));
        }
        return [.. blocks];
    }

    public static byte ByteAt(int file, long offset) => (byte)((file + 1) * 31 + offset * 7 + (offset >> 8));

    /// <summary>What the server has for a request.</summary>
    public static byte[] Answer(WebSeedRequest request)
    {
        byte[] bytes = new byte[request.Length];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = ByteAt(request.FileIndex, request.Offset + i);
        return bytes;
    }

    /// <summary>What a block must hold.</summary>
    public static byte[] Expected(Metainfo metainfo, BlockRequest block)
    {
        byte[] bytes = new byte[block.Length];
        long start = (long)block.Index * metainfo.PieceLength + block.Begin;
        for (int i = 0; i < bytes.Length; i++)
        {
            TorrentFile? file = metainfo.Files.FirstOrDefault(f => f.Offset <= start + i && start + i < f.Offset + f.Length);
            bytes[i] = file is null or { IsPad: true } ? (byte)0 : ByteAt(file.Index, start + i - file.Offset);
        }
        return bytes;
    }

    /// <summary>Feeds bytes, in parts, and collects the blocks that come of them.</summary>
    public static void Feed(WebSeedSession session, byte[] data, int part, List<(BlockRequest Request, byte[] Payload)> blocks)
    {
        for (int at = 0; at == 0 || at < data.Length; at += part)
        {
            ReadOnlySpan<byte> rest = data.AsSpan(Math.Min(at, data.Length), Math.Min(part, data.Length - Math.Min(at, data.Length)));
            while (session.TryReceive(ref rest, Start, out WebSeedBlock block))
                blocks.Add((block.Request, block.Payload.ToArray()));
        }
    }

    private static Metainfo Parse(StringBuilder info, string name, long total)
    {
        int pieces = (int)((total + PieceLength - 1) / PieceLength);
        info.Append("4:name").Append(Encoding.UTF8.GetByteCount(name)).Append(':').Append(name);
        info.Append("12:piece lengthi").Append(PieceLength).Append("e6:pieces").Append(20 * pieces).Append(':').Append('x', 20 * pieces).Append("ee");
        Assert.True(Metainfo.TryParse(Encoding.UTF8.GetBytes(info.ToString()), MetainfoLimits.Default, out Metainfo? metainfo, out string error), error);
        return metainfo;
    }
}
