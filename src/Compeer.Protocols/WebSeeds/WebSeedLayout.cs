using Compeer.Formats.Torrents;
using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.WebSeeds;

/// <summary>A part of a file, or zeros that are in no file.</summary>
/// <param name="FileIndex">The file, or -1 for zeros (padding).</param>
/// <param name="Offset">First byte within the file.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct WebSeedSegment(int FileIndex, long Offset, long Length)
{
    public bool IsPad => FileIndex < 0;
}

/// <summary>Where the blocks of a torrent are in its files. Immutable, shared by the web seeds of a torrent.</summary>
public sealed class WebSeedLayout
{
    private readonly TorrentFile[] _byOffset;

    public WebSeedLayout(Metainfo metainfo)
    {
        Metainfo = metainfo;
        _byOffset = [.. metainfo.Files.Where(f => f.Length > 0).OrderBy(f => f.Offset)];
    }

    /// <summary>The torrent.</summary>
    public Metainfo Metainfo { get; }

    /// <summary>The first piece with bytes of a file, and the one behind the last; equal for empty files.</summary>
    public (int First, int End) PiecesOf(TorrentFile file) => file.Length == 0
        ? (0, 0)
        : ((int)(file.Offset / Metainfo.PieceLength), (int)((file.Offset + file.Length - 1) / Metainfo.PieceLength) + 1);

    /// <summary>Adds the places of a block in order; what goes on where the last one ended is joined to it.</summary>
    internal void Map(BlockRequest block, List<WebSeedSegment> segments)
    {
        long at = (long)block.Index * Metainfo.PieceLength + block.Begin;
        long end = at + block.Length;
        int i = FirstEndingBehind(at);
        while (at < end)
        {
            TorrentFile? file = i < _byOffset.Length ? _byOffset[i] : null;
            long until;
            if (file is null || file.Offset >= end)
                until = end;
            else if (file.Offset > at)
                until = file.Offset;
            else
                until = Math.Min(end, file.Offset + file.Length);
            bool inFile = file is not null && file.Offset <= at && !file.IsPad;
            Append(segments, inFile ? new WebSeedSegment(file!.Index, at - file.Offset, until - at) : new WebSeedSegment(-1, 0, until - at));
            at = until;
            if (file is not null && at >= file.Offset + file.Length)
                i++;
        }
    }

    private static void Append(List<WebSeedSegment> segments, WebSeedSegment next)
    {
        if (segments.Count > 0 && segments[^1] is { IsPad: false } last && last.FileIndex == next.FileIndex && last.Offset + last.Length == next.Offset)
            segments[^1] = last with { Length = last.Length + next.Length };
        else
            segments.Add(next);
    }

    private int FirstEndingBehind(long position)
    {
        int low = 0;
        int high = _byOffset.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_byOffset[middle].Offset + _byOffset[middle].Length <= position)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
