using Compeer.Formats.Torrents;

namespace Compeer.Content.Storage;

/// <summary>The part of a piece that lies in one file.</summary>
/// <param name="FileIndex">Index in the torrent.</param>
/// <param name="FileOffset">First byte within the file.</param>
/// <param name="PieceOffset">First byte within the piece.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct FileSlice(int FileIndex, long FileOffset, int PieceOffset, int Length);

/// <summary>Which bytes of which files make up a range of a piece. Immutable.</summary>
public sealed class PieceLayout
{
    private readonly Metainfo _metainfo;
    private readonly int[] _byOffset;

    public PieceLayout(Metainfo metainfo)
    {
        _metainfo = metainfo;
        List<TorrentFile> files = [.. metainfo.Files.Where(f => f.Length > 0)];
        files.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        _byOffset = files.ConvertAll(static f => f.Index).ToArray();
    }

    /// <summary>Adds the slices of <paramref name="length"/> bytes from <paramref name="begin"/> of a piece, in order. Pad files appear like any other.</summary>
    public void Slice(int piece, int begin, int length, List<FileSlice> slices)
    {
        long start = (long)piece * _metainfo.PieceLength + begin;
        long end = start + length;
        for (int i = FirstEndingAfter(start); i < _byOffset.Length; i++)
        {
            TorrentFile file = _metainfo.Files[_byOffset[i]];
            if (file.Offset >= end)
                break;
            long from = Math.Max(start, file.Offset);
            long to = Math.Min(end, file.Offset + file.Length);
            slices.Add(new FileSlice(file.Index, from - file.Offset, (int)(from - start) + begin, (int)(to - from)));
        }
    }

    /// <summary>A range of a piece as one slice; false when it does not lie whole within one file.</summary>
    public bool TrySlice(int piece, int begin, int length, out FileSlice slice)
    {
        long start = (long)piece * _metainfo.PieceLength + begin;
        int first = FirstEndingAfter(start);
        slice = default;
        if (first == _byOffset.Length)
            return false;
        TorrentFile file = _metainfo.Files[_byOffset[first]];
        if (file.Offset > start || file.Offset + file.Length < start + length)
            return false;
        slice = new FileSlice(file.Index, start - file.Offset, begin, length);
        return true;
    }

    /// <summary>The pieces that hold bytes of a file: first and one past the last. Empty for an empty file.</summary>
    public (int First, int End) PiecesOf(int fileIndex)
    {
        TorrentFile file = _metainfo.Files[fileIndex];
        if (file.Length == 0)
            return (0, 0);
        return ((int)(file.Offset / _metainfo.PieceLength), (int)((file.Offset + file.Length - 1) / _metainfo.PieceLength) + 1);
    }

    private int FirstEndingAfter(long position)
    {
        int low = 0;
        int high = _byOffset.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            TorrentFile file = _metainfo.Files[_byOffset[middle]];
            if (file.Offset + file.Length <= position)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
