using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Tests.Bencoding;

namespace Compeer.Tests.Torrents;

/// <summary>Parts of torrents as plain values, to be bent.</summary>
internal static class TorrentParts
{
    public const int PieceLength = 16384;

    /// <summary>A v1 torrent of one file of 20,000 bytes.</summary>
    public static (string Key, object Value)[] V1Info =>
        [("length", 20_000), ("name", "file.bin"), ("piece length", PieceLength), ("pieces", new byte[40])];

    /// <summary>A v1 torrent of a folder.</summary>
    public static (string Key, object Value)[] V1Folder(params (string Path, long Length)[] files)
    {
        long pieces = files.Any(f => f.Length is < 0 or > 1 << 30) ? 0 : (files.Sum(f => f.Length) + PieceLength - 1) / PieceLength;
        return
        [
            ("files", files.Select(f => (object)Entry(f.Path, f.Length)).ToArray()),
            ("name", "folder"), ("piece length", PieceLength), ("pieces", new byte[pieces * 20]),
        ];
    }

    /// <summary>A v2 torrent with this tree.</summary>
    public static (string Key, object Value)[] V2Info(object tree) =>
        [("file tree", tree), ("meta version", 2), ("name", "folder"), ("piece length", PieceLength)];

    /// <summary>A leaf of a v2 tree.</summary>
    public static (string, object)[] V2File(long length) =>
        [("", length == 0 ? new (string, object)[] { ("length", 0) } : [("length", length), ("pieces root", Root(length))])];

    /// <summary>Any root.</summary>
    public static byte[] Root(long length) => Sha256Hash.Of(BitConverter.GetBytes(length)).ToArray();

    public static (string, object)[] Entry(string path, long length) =>
        [("length", length), ("path", path.Split('/').Select(e => (object)Encoding.UTF8.GetBytes(e)).ToArray())];

    public static byte[] Torrent(object info, params (string Key, object? Value)[] outer) =>
        Bencoded.Of(new (string, object)[] { ("info", info) }.With(outer));

    public static Metainfo Parse(byte[] torrent)
    {
        Assert.True(Metainfo.TryParse(torrent, MetainfoLimits.Default, out Metainfo? metainfo, out string error), error);
        return metainfo;
    }

    public static Metainfo Parse(object info, params (string Key, object? Value)[] outer) => Parse(Torrent(info, outer));

    public static string Refusal(byte[] torrent)
    {
        Assert.False(Metainfo.TryParse(torrent, MetainfoLimits.Default, out Metainfo? metainfo, out string error));
        Assert.Null(metainfo);
        return error;
    }
}
