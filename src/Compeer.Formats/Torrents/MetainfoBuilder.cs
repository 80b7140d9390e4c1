using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Formats.Torrents;

/// <summary>
/// Makes a torrent: lays files out in pieces, takes the hashes of their content from whoever reads it, and writes the
/// info dictionary. The same files give the same info-hash, whatever order they were found in. Single-threaded but for
/// the Set-methods, which may be called from several threads for different pieces and files.
/// </summary>
/// <remarks>Spec: BEP 3, 47 (padding), 52.</remarks>
public sealed class MetainfoBuilder
{
    private const int MostPieces = 2000;

    private readonly string _name;
    private readonly bool _isSingleFile;
    private readonly byte[] _v1Pieces;
    private readonly Sha256Hash[]?[] _layers;
    private readonly Sha256Hash?[] _roots;

    /// <param name="name">Name of the torrent: of its folder, or of its one file.</param>
    /// <param name="files">At least one, not all empty; no two with one path, none a folder of another.</param>
    /// <param name="isSingleFile">A torrent of one file without a folder.</param>
    /// <param name="format">Who shall be able to read it.</param>
    /// <param name="pieceLength">A power of two of at least 16 KiB, or 0 to choose one by <see cref="ChoosePieceLength"/>.</param>
    /// <exception cref="ArgumentException">The above does not hold.</exception>
    public MetainfoBuilder(string name, IReadOnlyCollection<NewFile> files, bool isSingleFile, TorrentFormat format, int pieceLength = 0)
    {
        if (files.Any(f => f.Length < 0))
            throw new ArgumentException("A file cannot have a negative length.", nameof(files));
        long total = files.Sum(f => f.Length);
        if (total == 0)
            throw new ArgumentException("There is nothing to share: every file is empty.", nameof(files));
        if (isSingleFile && files.Count != 1)
            throw new ArgumentException("A torrent of a single file has one file.", nameof(files));
        int most = MetainfoLimits.Default.MaxPieceLength;
        if (pieceLength != 0 && (pieceLength < MerkleTree.LeafBytes || pieceLength > most || !BitOperations.IsPow2(pieceLength)))
            throw new ArgumentException($"The piece size, {pieceLength}, is not a power of two from {MerkleTree.LeafBytes} to {most}.", nameof(pieceLength));
        if (format == TorrentFormat.V2 && !isSingleFile && files.Count == 1 && files.First().Path is [var only] && only == name)
            throw new ArgumentException($"A v2 torrent cannot tell the folder '{name}' from the one file of that name in it. Share the file, or make a hybrid.", nameof(files));
        _name = name;
        _isSingleFile = isSingleFile;
        Format = format;
        PieceLength = pieceLength != 0 ? pieceLength : ChoosePieceLength(total);
        Files = LayOut(files);
        long end = Files.Max(f => f.Offset + f.Length);
        long pieces = (end + PieceLength - 1) / PieceLength;
        if (pieces > MetainfoLimits.Default.MaxPieces)
            throw new ArgumentException($"Pieces of {PieceLength} bytes would be {pieces}, more than the {MetainfoLimits.Default.MaxPieces} that programs accept. Choose larger ones.", nameof(pieceLength));
        PieceCount = (int)pieces;
        TotalLength = end;
        _v1Pieces = format == TorrentFormat.V2 ? [] : new byte[(long)PieceCount * Sha1Hash.LengthBytes];
        _layers = new Sha256Hash[]?[Files.Length];
        _roots = new Sha256Hash?[Files.Length];
        foreach (TorrentFile file in Files.Where(f => f.Length > PieceLength && format != TorrentFormat.V1))
            _layers[file.Index] = new Sha256Hash[(file.Length + PieceLength - 1) / PieceLength];
    }

    /// <summary>Who shall be able to read it.</summary>
    public TorrentFormat Format { get; }

    /// <summary>Bytes of a piece.</summary>
    public int PieceLength { get; }

    /// <summary>Number of pieces.</summary>
    public int PieceCount { get; }

    /// <summary>End of the last file in the space of pieces.</summary>
    public long TotalLength { get; }

    /// <summary>The files with their places, padding included.</summary>
    public ImmutableArray<TorrentFile> Files { get; }

    /// <summary>Peers may come from its trackers only.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Trackers in tiers.</summary>
    public ImmutableArray<ImmutableArray<string>> TrackerTiers { get; init; } = [];

    /// <summary>HTTP seeds. Spec: BEP 19.</summary>
    public ImmutableArray<string> WebSeeds { get; init; } = [];

    /// <summary>Free text.</summary>
    public string? Comment { get; init; }

    /// <summary>The program that makes it; null leaves it out.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When; null leaves it out.</summary>
    public DateTimeOffset? CreationDate { get; init; }

    /// <summary>The smallest power of two from 16 KiB to 16 MiB that gives no more than 2,000 pieces: between 1,000 and 2,000 of them for 32 MB to 32 GB.</summary>
    public static int ChoosePieceLength(long totalBytes) =>
        (int)Math.Clamp((long)BitOperations.RoundUpToPowerOf2((ulong)((totalBytes + MostPieces - 1) / MostPieces)), 16 * 1024, 16 << 20);

    /// <summary>SHA-1 of a piece, padding included.</summary>
    public void SetPieceHash(int piece, Sha1Hash hash) => hash.AsSpan().CopyTo(_v1Pieces.AsSpan(piece * Sha1Hash.LengthBytes));

    /// <summary>The Merkle root over a piece of a file, from the SHA-256 of each 16 KiB of it.</summary>
    /// <exception cref="ArgumentException">The number of leaves does not fit the piece.</exception>
    public void SetLeaves(int fileIndex, int pieceInFile, ReadOnlySpan<Sha256Hash> leaves)
    {
        TorrentFile file = Files[fileIndex];
        long expected = MerkleTree.LeafCount(Math.Min(PieceLength, file.Length - (long)pieceInFile * PieceLength));
        if (leaves.Length != expected)
            throw new ArgumentException($"Piece {pieceInFile} of '{file.SafePath}' has {expected} leaves, not {leaves.Length}.", nameof(leaves));
        if (file.Length <= PieceLength)
            _roots[fileIndex] = MerkleTree.Root(leaves, 0, Metainfo.TreeHeight(file));
        else
            _layers[fileIndex]![pieceInFile] = MerkleTree.Root(leaves, 0, MerkleTree.Height(PieceLength / MerkleTree.LeafBytes));
    }

    /// <summary>The torrent, once every hash is set.</summary>
    /// <exception cref="InvalidOperationException">Hashes are missing.</exception>
    public Metainfo Build()
    {
        int pieceLayer = MerkleTree.Height(PieceLength / MerkleTree.LeafBytes);
        ImmutableArray<TorrentFile> files = [.. Files.Select(f => f with
        {
            PiecesRoot = _layers[f.Index] is { } layer ? MerkleTree.Root(layer, pieceLayer, Metainfo.TreeHeight(f) - pieceLayer) : _roots[f.Index],
        })];
        if (Format != TorrentFormat.V1 && files.Any(f => f is { IsPad: false, Length: > 0, PiecesRoot: null }))
            throw new InvalidOperationException("The leaves of some files are not set.");
        var output = new ArrayBufferWriter<byte>();
        new InfoDictionaryWriter(output).Write(_name, PieceLength, files, _v1Pieces, Format, _isSingleFile, IsPrivate);
        byte[] info = output.WrittenSpan.ToArray();
        var metainfo = new Metainfo(new MetainfoFields
        {
            InfoHashes = new InfoHashes(
                Format == TorrentFormat.V2 ? null : Sha1Hash.Of(info), Format == TorrentFormat.V1 ? null : Sha256Hash.Of(info)),
            Name = SafePath.SanitiseElement(_name),
            OriginalName = _name,
            PieceLength = PieceLength,
            PieceCount = PieceCount,
            Files = files,
            TotalLength = TotalLength,
            V1Pieces = _v1Pieces,
            InfoBytes = info,
            IsPrivate = IsPrivate,
            TrackerTiers = TrackerTiers,
            WebSeeds = WebSeeds,
            Comment = Comment,
            CreatedBy = CreatedBy,
            CreationDate = CreationDate,
        });
        foreach (TorrentFile file in files)
        {
            if (_layers[file.Index] is { } layer && !metainfo.TryAddPieceLayer(file.Index, layer))
                throw new InvalidOperationException($"The piece layer of '{file.SafePath}' does not lead to its root.");
        }
        return metainfo;
    }

    private ImmutableArray<TorrentFile> LayOut(IReadOnlyCollection<NewFile> files)
    {
        NewFile[] sorted = [.. files];
        Array.Sort(sorted, ComparePaths);
        for (int i = 0; i < sorted.Length; i++)
            CheckPath(sorted[i].Path, i == 0 ? [] : sorted[i - 1].Path);
        // One file needs no padding, in a folder or not: libtorrent does the same, and so gets the same hash.
        bool aligned = Format != TorrentFormat.V1 && sorted.Length > 1;
        var list = new List<TorrentFile>();
        var paths = new PathAllocator();
        string root = SafePath.SanitiseElement(_name);
        long offset = 0;
        foreach (NewFile file in sorted)
        {
            string[] safe = _isSingleFile ? [root] : [root, .. file.Path.Select(SafePath.SanitiseElement)];
            list.Add(new TorrentFile
            {
                Index = list.Count,
                Path = file.Path,
                SafePath = paths.Allocate(safe),
                Length = file.Length,
                Offset = offset,
                IsExecutable = file.IsExecutable,
            });
            offset += file.Length;
            long pad = aligned ? (PieceLength - offset % PieceLength) % PieceLength : 0;
            if (pad > 0 && Format == TorrentFormat.Hybrid)
                list.Add(Pad(list.Count, root, offset, pad));
            offset += pad;
        }
        return [.. list];
    }

    /// <summary>In tree order a file that is also a folder comes right before what is in it.</summary>
    private static void CheckPath(ImmutableArray<string> path, ImmutableArray<string> before)
    {
        if (path.IsDefaultOrEmpty || path.Any(e => e is "" or "." or ".." || e.Contains('/', StringComparison.Ordinal)))
            throw new ArgumentException($"'{(path.IsDefault ? "" : string.Join('/', path))}' is not a path for a torrent: each element needs to be a plain name.", nameof(path));
        if (!before.IsEmpty && path.AsSpan().StartsWith(before.AsSpan()))
            throw new ArgumentException($"'{string.Join('/', before)}' is there twice, or is a file and a folder at once.", nameof(path));
    }

    private static TorrentFile Pad(int index, string root, long offset, long length)
    {
        string name = length.ToString(CultureInfo.InvariantCulture);
        return new TorrentFile { Index = index, Path = [".pad", name], SafePath = $"{root}/.pad/{name}", Length = length, Offset = offset, IsPad = true };
    }

    /// <summary>The order of a v2 file tree: element by element, by raw bytes.</summary>
    private static int ComparePaths(NewFile a, NewFile b)
    {
        for (int i = 0; i < Math.Min(a.Path.Length, b.Path.Length); i++)
        {
            int order = Encoding.UTF8.GetBytes(a.Path[i]).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b.Path[i]));
            if (order != 0)
                return order;
        }
        return a.Path.Length - b.Path.Length;
    }
}
