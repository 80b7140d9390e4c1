using System.Numerics;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Compeer.Protocols;

namespace Compeer.Content.Torrents;

/// <summary>The piece layer of one file, asked for in ranges of up to 512 hashes.</summary>
internal sealed class LayerFetch
{
    private readonly int _pieceLayer;
    private readonly int _rangeLength;
    private readonly Instant[] _askedAt;
    private readonly bool[] _done;

    public LayerFetch(TorrentFile file, int pieceLength, int pieceLayer)
    {
        File = file;
        _pieceLayer = pieceLayer;
        int count = (int)((file.Length + pieceLength - 1) / pieceLength);
        Hashes = new Sha256Hash[count];
        _rangeLength = Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)count), 2, HashRange.MaxLength);
        int ranges = (count + _rangeLength - 1) / _rangeLength;
        _askedAt = new Instant[ranges];
        Array.Fill(_askedAt, new Instant(long.MinValue / 2));
        _done = new bool[ranges];
    }

    public TorrentFile File { get; }

    public Sha256Hash[] Hashes { get; }

    public bool IsComplete => Array.TrueForAll(_done, d => d);

    /// <summary>The next range to ask for: never asked, or asked too long ago.</summary>
    public bool TryNext(Instant now, TimeSpan patience, out HashRange range)
    {
        for (int i = 0; i < _done.Length; i++)
        {
            if (_done[i] || _askedAt[i] + patience > now)
                continue;
            _askedAt[i] = now;
            range = HashRange.ToRoot(_pieceLayer, i * _rangeLength, _rangeLength, Metainfo.TreeHeight(File));
            return true;
        }
        range = default;
        return false;
    }

    /// <summary>A peer will not answer.</summary>
    public void GiveUp(HashRange range)
    {
        if (Covers(range))
            _askedAt[range.Index / _rangeLength] = new Instant(long.MinValue / 2);
    }

    /// <summary>Takes hashes that were proved to lead to the root.</summary>
    public void Take(HashRange range, ReadOnlySpan<Sha256Hash> hashes)
    {
        if (!Covers(range))
            return;
        hashes[..Math.Min(range.Length, Hashes.Length - range.Index)].CopyTo(Hashes.AsSpan(range.Index));
        _done[range.Index / _rangeLength] = true;
    }

    private bool Covers(HashRange range) =>
        range.BaseLayer == _pieceLayer && range.Length == _rangeLength && range.Index < Hashes.Length;
}
