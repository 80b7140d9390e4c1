using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>Writes .torrent files.</summary>
internal static class MetainfoWriter
{
    public static void Write(Metainfo metainfo, IBufferWriter<byte> output)
    {
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        WriteTrackers(writer, metainfo.TrackerTiers);
        if (metainfo.Comment is { } comment)
            Entry(writer, "comment"u8, comment);
        if (metainfo.CreatedBy is { } program)
            Entry(writer, "created by"u8, program);
        if (metainfo.CreationDate is { } date)
        {
            writer.Key("creation date"u8);
            writer.Integer(date.ToUnixTimeSeconds());
        }
        writer.Key("info"u8);
        writer.Raw(metainfo.InfoBytes.Span);
        WriteNodes(writer, metainfo.Nodes);
        WriteLayers(writer, metainfo);
        if (!metainfo.WebSeeds.IsEmpty)
        {
            writer.Key("url-list"u8);
            writer.BeginList();
            foreach (string url in metainfo.WebSeeds)
                writer.Text(url);
            writer.End();
        }
        writer.End();
    }

    private static void WriteTrackers(BencodeWriter writer, ImmutableArray<ImmutableArray<string>> tiers)
    {
        if (tiers.IsEmpty)
            return;
        Entry(writer, "announce"u8, tiers[0][0]);
        if (tiers.Length == 1 && tiers[0].Length == 1)
            return;
        writer.Key("announce-list"u8);
        writer.BeginList();
        foreach (ImmutableArray<string> tier in tiers)
        {
            writer.BeginList();
            foreach (string url in tier)
                writer.Text(url);
            writer.End();
        }
        writer.End();
    }

    private static void WriteNodes(BencodeWriter writer, ImmutableArray<NodeAddress> nodes)
    {
        if (nodes.IsEmpty)
            return;
        writer.Key("nodes"u8);
        writer.BeginList();
        foreach (NodeAddress node in nodes)
        {
            writer.BeginList();
            writer.Text(node.Host);
            writer.Integer(node.Port);
            writer.End();
        }
        writer.End();
    }

    private static void WriteLayers(BencodeWriter writer, Metainfo metainfo)
    {
        var layers = new SortedDictionary<Sha256Hash, int>();
        foreach (TorrentFile file in metainfo.Files)
        {
            if (metainfo.NeedsLayer(file) && !metainfo.GetPieceLayer(file.Index).IsEmpty)
                layers[file.PiecesRoot!.Value] = file.Index;
        }
        if (metainfo.Format == TorrentFormat.V1)
            return;
        writer.Key("piece layers"u8);
        writer.BeginDictionary();
        foreach ((Sha256Hash root, int index) in layers)
        {
            writer.Key(root.AsSpan());
            writer.String(MemoryMarshal.AsBytes(metainfo.GetPieceLayer(index)));
        }
        writer.End();
    }

    private static void Entry(BencodeWriter writer, ReadOnlySpan<byte> key, string value)
    {
        writer.Key(key);
        writer.Text(value);
    }
}
