using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Formats.Torrents;

/// <summary>
/// What a .torrent file says: the info dictionary and what stands around it. Immutable but for piece layers, which may
/// come later from peers and are taken only when they lead to the file's root.
/// </summary>
/// <remarks>Spec: BEP 3, 12, 19, 27, 47, 52.</remarks>
public sealed class Metainfo
{
    private readonly Sha256Hash[]?[] _layers;
    private readonly HashTree?[] _trees;
    private readonly int[] _byOffset;

    internal Metainfo(MetainfoFields fields)
    {
        Fields = fields;
        Files = fields.Files;
        var byOffset = new List<TorrentFile>(Files.Length);
        int visible = 0;
        bool inFolder = false;
        foreach (TorrentFile file in Files)
        {
            if (file.IsPad)
                continue;
            visible++;
            inFolder |= file.SafePath.Contains('/', StringComparison.Ordinal);
            ContentLength += file.Length;
            if (file.Length > 0)
                byOffset.Add(file);
        }
        byOffset.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        _byOffset = byOffset.ConvertAll(static f => f.Index).ToArray();
        IsSingleFile = visible == 1 && !inFolder;
        _layers = new Sha256Hash[]?[Files.Length];
        _trees = new HashTree?[Files.Length];
    }

    /// <summary>The torrent's ids.</summary>
    public InfoHashes InfoHashes => Fields.InfoHashes;

    /// <summary>The name, sanitised for use as a file name.</summary>
    public string Name => Fields.Name;

    /// <summary>The name as it stands in the torrent, undecodable bytes replaced; never to be used on a disk.</summary>
    public string OriginalName => Fields.OriginalName;

    /// <summary>A torrent of one file without a folder.</summary>
    public bool IsSingleFile { get; }

    /// <summary>Bytes of a piece, the last ones excepted.</summary>
    public int PieceLength => Fields.PieceLength;

    /// <summary>Number of pieces.</summary>
    public int PieceCount => Fields.PieceCount;

    /// <summary>Bytes of all files without padding.</summary>
    public long ContentLength { get; }

    /// <summary>Peers come from its trackers only. Spec: BEP 27.</summary>
    public bool IsPrivate => Fields.IsPrivate;

    /// <summary>Which generations of clients can read it.</summary>
    public TorrentFormat Format => InfoHashes.IsHybrid ? TorrentFormat.Hybrid : InfoHashes.V1 is null ? TorrentFormat.V2 : TorrentFormat.V1;

    /// <summary>The files in the order of the pieces.</summary>
    public ImmutableArray<TorrentFile> Files { get; }

    /// <summary>Trackers in tiers. Spec: BEP 12.</summary>
    public ImmutableArray<ImmutableArray<string>> TrackerTiers => Fields.TrackerTiers;

    /// <summary>HTTP seeds. Spec: BEP 19.</summary>
    public ImmutableArray<string> WebSeeds => Fields.WebSeeds;

    /// <summary>Nodes of the DHT to begin with. Spec: BEP 5, "torrent file extensions".</summary>
    public ImmutableArray<NodeAddress> Nodes => Fields.Nodes;

    /// <summary>Free text.</summary>
    public string? Comment => Fields.Comment;

    /// <summary>The program that made it.</summary>
    public string? CreatedBy => Fields.CreatedBy;

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreationDate => Fields.CreationDate;

    /// <summary>Private trackers' mark within the info dictionary.</summary>
    public string? Source => Fields.Source;

    /// <summary>The info dictionary, byte for byte as it was.</summary>
    public ReadOnlyMemory<byte> InfoBytes => Fields.InfoBytes;

    /// <summary>Oddities that do not keep it from being used, as sentences.</summary>
    public ImmutableArray<string> Problems => Fields.Problems;

    /// <summary>All files can be verified by their Merkle trees (true for v1, which has none).</summary>
    public bool HasAllPieceLayers => Files.All(f => !NeedsLayer(f) || _layers[f.Index] is not null);

    internal MetainfoFields Fields { get; }

    /// <summary>Reads a .torrent file.</summary>
    /// <param name="torrentFile">Its bytes; kept.</param>
    /// <param name="limits">What is accepted.</param>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="error">What is wrong, as a clause for people.</param>
    public static bool TryParse(ReadOnlyMemory<byte> torrentFile, MetainfoLimits limits, [NotNullWhen(true)] out Metainfo? metainfo, out string error) =>
        MetainfoParser.TryParseFile(torrentFile, limits, out metainfo, out error);

    /// <summary>Reads an info dictionary that came from peers; it must match the ids that were asked for.</summary>
    public static bool TryParseInfo(
        ReadOnlyMemory<byte> infoDictionary, InfoHashes expected, MetainfoLimits limits, [NotNullWhen(true)] out Metainfo? metainfo, out string error) =>
        MetainfoParser.TryParseInfo(infoDictionary, expected, limits, out metainfo, out error);

    /// <summary>SHA-1 of a piece; only where there is a v1 part.</summary>
    public Sha1Hash GetV1PieceHash(int piece) => new(Fields.V1Pieces.Span.Slice(piece * Sha1Hash.LengthBytes, Sha1Hash.LengthBytes));

    /// <summary>
    /// Bytes of a piece with the padding behind the file in it, which v1 hashes and which peers may ask for: some clients
    /// count the alignment gaps of v2 torrents as zeros.
    /// </summary>
    public int PieceLengthAt(int piece) => Format == TorrentFormat.V2 ? PieceLength : (int)Math.Min(PieceLength, Fields.TotalLength - (long)piece * PieceLength);

    /// <summary>Bytes of a piece up to the last one that is not padding: what needs to be fetched.</summary>
    public int DataLengthAt(int piece)
    {
        long start = (long)piece * PieceLength;
        long end = start + PieceLength;
        int last = LastStartingBefore(end);
        TorrentFile? file = last < 0 ? null : Files[_byOffset[last]];
        if (file is null || file.Offset + file.Length <= start)
            return (int)Math.Min(PieceLength, Fields.TotalLength - start);
        return (int)(Math.Min(end, file.Offset + file.Length) - start);
    }

    /// <summary>The file whose tree covers a piece, and the piece's number within it; only where there is a v2 part.</summary>
    public (TorrentFile File, int PieceInFile) FileOfPiece(int piece)
    {
        TorrentFile file = Files[_byOffset[LastStartingBefore((long)piece * PieceLength + 1)]];
        return (file, (int)(piece - file.Offset / PieceLength));
    }

    /// <summary>
    /// The Merkle root over a piece's leaves, and the height of that small tree: log2 of its leaves, padding included.
    /// False while the file's piece layer is unknown.
    /// </summary>
    public bool TryGetV2Piece(int piece, out Sha256Hash root, out int height)
    {
        (TorrentFile file, int inFile) = FileOfPiece(piece);
        if (!NeedsLayer(file))
        {
            root = file.PiecesRoot ?? default;
            height = TreeHeight(file);
            return file.PiecesRoot is not null;
        }
        Sha256Hash[]? layer = _layers[file.Index];
        root = layer?[inFile] ?? default;
        height = PieceLayer;
        return layer is not null;
    }

    /// <summary>The layer of hashes that cover a whole piece each.</summary>
    public int PieceLayer => MerkleTree.Height(PieceLength / MerkleTree.LeafBytes);

    /// <summary>Layers from the leaves of a file's tree to its root.</summary>
    public static int TreeHeight(TorrentFile file) => MerkleTree.Height(MerkleTree.LeafCount(file.Length));

    /// <summary>A file longer than a piece, whose pieces can be checked only with its piece layer.</summary>
    public bool NeedsLayer(TorrentFile file) => file.PiecesRoot is not null && file.Length > PieceLength;

    /// <summary>A file's piece layer, if known.</summary>
    public ReadOnlySpan<Sha256Hash> GetPieceLayer(int fileIndex) => _layers[fileIndex];

    /// <summary>
    /// A file's tree from the piece layer upwards, to answer hash requests from; null while its piece layer is unknown or
    /// if it needs none. Made at the first call and kept: 64 bytes a piece of the file. Called by one thread.
    /// </summary>
    public HashTree? GetPieceTree(int fileIndex) => _trees[fileIndex] ??= _layers[fileIndex] is { } layer
        ? new HashTree(layer, PieceLayer, TreeHeight(Files[fileIndex]))
        : null;

    /// <summary>Takes a file's piece layer if it leads to the file's root. Called before the file's pieces are used, by one thread.</summary>
    public bool TryAddPieceLayer(int fileIndex, ReadOnlySpan<Sha256Hash> layer)
    {
        TorrentFile file = Files[fileIndex];
        if (!NeedsLayer(file)
            || layer.Length != (file.Length + PieceLength - 1) / PieceLength
            || MerkleTree.Root(layer, PieceLayer, TreeHeight(file) - PieceLayer) != file.PiecesRoot)
            return false;
        _layers[fileIndex] = layer.ToArray();
        return true;
    }

    /// <summary>The same torrent with other trackers; empty tiers are left out.</summary>
    public Metainfo WithTrackers(ImmutableArray<ImmutableArray<string>> tiers) =>
        With(Fields with { TrackerTiers = tiers.RemoveAll(t => t.IsEmpty) });

    /// <summary>The same torrent with other web seeds.</summary>
    public Metainfo WithWebSeeds(ImmutableArray<string> urls) => With(Fields with { WebSeeds = urls });

    internal Metainfo With(MetainfoFields fields)
    {
        var other = new Metainfo(fields);
        Array.Copy(_layers, other._layers, _layers.Length);
        return other;
    }

    /// <summary>The bytes of a .torrent file; the info dictionary verbatim.</summary>
    public byte[] ToTorrentFile()
    {
        var output = new ArrayBufferWriter<byte>();
        MetainfoWriter.Write(this, output);
        return output.WrittenSpan.ToArray();
    }

    private int LastStartingBefore(long position)
    {
        int low = 0;
        int high = _byOffset.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Files[_byOffset[middle]].Offset < position)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }
}
