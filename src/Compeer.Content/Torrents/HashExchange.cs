using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// Fetches and serves hashes of v2 torrents: piece layers that a link does not bring, and the leaves of a corrupt piece,
/// which tell exactly who lied. Spec: BEP 52.
/// </summary>
internal sealed class HashExchange(TorrentSession session)
{
    private const int MaxRequestsPerPeer = 8;
    private const int MaxInvestigations = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly LeafReader _leaves = new(session);
    private readonly List<LayerFetch> _layers = [];
    private readonly Dictionary<int, Investigation> _investigations = [];
    private Dictionary<Sha256Hash, TorrentFile>? _byRoot;

    /// <summary>Piece layers are missing.</summary>
    public bool IsFetching => _layers.Count > 0;

    private Metainfo? Metainfo => session.Metainfo;

    /// <summary>Begins to fetch the piece layers that are missing.</summary>
    public void Begin(Metainfo metainfo)
    {
        foreach (TorrentFile file in metainfo.Files)
        {
            if (metainfo.NeedsLayer(file) && metainfo.GetPieceLayer(file.Index).IsEmpty)
                _layers.Add(new LayerFetch(file, metainfo.PieceLength, metainfo.PieceLayer));
        }
        session.MarkAllDirty();
    }

    /// <summary>Keeps a corrupt piece's leaves until the right ones are known.</summary>
    public void Investigate(int piece, Sha256Hash[] leaves, int[] sources)
    {
        if (_investigations.Count >= MaxInvestigations || leaves.Length < 2)
            return;
        _investigations[piece] = new Investigation(leaves, sources);
        session.MarkAllDirty();
    }

    public void On(PeerLink link, in PeerEvent happened)
    {
        if (Metainfo is null)
            return;
        switch (happened.Kind)
        {
            case PeerEventKind.HashRequest:
                Serve(link, happened.Root, happened.Range);
                break;
            case PeerEventKind.Hashes:
                Take(link, happened);
                break;
            default:
                link.HashRequests = Math.Max(0, link.HashRequests - 1);
                link.HashesRefused = true;
                Retry(happened.Root, happened.Range);
                break;
        }
    }

    public void Flush(PeerLink link)
    {
        if (Metainfo is null || link.HashesRefused || !KnowsV2(link))
            return;
        foreach (LayerFetch layer in _layers)
        {
            while (link.HashRequests < MaxRequestsPerPeer && layer.TryNext(session.Now, Patience, out HashRange range))
            {
                if (link.Wire.RequestHashes(layer.File.PiecesRoot!.Value, range))
                    link.HashRequests++;
            }
        }
        foreach ((int piece, Investigation open) in _investigations)
        {
            if (link.HashRequests >= MaxRequestsPerPeer || open.AskedAt + Patience > session.Now || link.Wire.RemotePieces?[piece] != true || open.Sources.Contains(link.Slot))
                continue;
            (Sha256Hash root, HashRange range) = LeafRange(piece);
            open.AskedAt = session.Now;
            if (link.Wire.RequestHashes(root, range))
                link.HashRequests++;
        }
    }

    public void OnGone(PeerLink link)
    {
        _leaves.OnGone(link);
        if (link.HashRequests > 0)
            session.MarkAllDirty();
    }

    /// <summary>A disk worker read a piece's leaves for peers.</summary>
    public void OnLeaves(LeavesRead read) => _leaves.OnRead(read);

    /// <summary>Goes on with what peers asked for and may have by now.</summary>
    public void OnTick() => _leaves.OnTick();

    private bool KnowsV2(PeerLink link) =>
        session.InfoHashes.V1 is null || link.Wire.Theirs.InfoHash == session.InfoHashes.TruncatedV2 || link.Wire.Theirs.Reserved.HasFlag(ReservedBits.V2);

    private void Serve(PeerLink link, Sha256Hash root, HashRange range)
    {
        if (!FilesByRoot().TryGetValue(root, out TorrentFile? file))
        {
            link.Wire.RejectHashes(root, range);
            return;
        }
        if (Metainfo!.GetPieceTree(file.Index)?.Answer(range) is { } answer)
        {
            link.Wire.SendHashes(root, range, answer);
            return;
        }
        int leavesPerPiece = 1 << Metainfo.PieceLayer;
        int pieceInFile = range.Index / leavesPerPiece;
        int piece = (int)(file.Offset / Metainfo.PieceLength) + pieceInFile;
        bool withinPiece = range.BaseLayer == 0 && range.Length <= leavesPerPiece && (long)range.Index * MerkleTree.LeafBytes < file.Length;
        if (!withinPiece || !session.Content.IsOpen || !session.Downloads.Picker.Have[piece])
        {
            link.Wire.RejectHashes(root, range);
            return;
        }
        _leaves.Ask(link, piece, leaves => Answer(link, file, root, range, leaves));
    }

    private void Answer(PeerLink link, TorrentFile file, Sha256Hash root, HashRange range, Sha256Hash[]? leaves)
    {
        if (link.IsClosed)
            return;
        Sha256Hash[]? answer = leaves is null ? null : BuildFromLeaves(file, range, leaves);
        if (answer is null)
            link.Wire.RejectHashes(root, range);
        else
            link.Wire.SendHashes(root, range, answer);
        session.MarkDirty(link);
    }

    /// <summary>Proves leaves of one piece up to the root: within the piece from its leaves, above it from the piece layer.</summary>
    private Sha256Hash[]? BuildFromLeaves(TorrentFile file, HashRange range, Sha256Hash[] leaves)
    {
        if (!Metainfo!.NeedsLayer(file))
            return new HashTree(leaves, 0, Metainfo.TreeHeight(file)).Answer(range);
        return Metainfo.GetPieceTree(file.Index)?.AnswerBelow(range, leaves);
    }

    private void Take(PeerLink link, in PeerEvent happened)
    {
        link.HashRequests = Math.Max(0, link.HashRequests - 1);
        session.MarkDirty(link);
        if (!FilesByRoot().TryGetValue(happened.Root, out TorrentFile? file))
            return;
        if (!HashProof.Verify(happened.Hashes, happened.Range, Metainfo.TreeHeight(file), happened.Root))
        {
            session.Peers.Ban(link, link.Address, "it sent forged hashes");
            Retry(happened.Root, happened.Range);
            return;
        }
        if (happened.Range.BaseLayer == 0 && Metainfo!.PieceLayer > 0)
            Conclude(file, happened.Range, happened.Hashes);
        foreach (LayerFetch layer in _layers.Where(l => l.File == file).ToArray())
        {
            layer.Take(happened.Range, happened.Hashes);
            if (layer.IsComplete && Metainfo!.TryAddPieceLayer(layer.File.Index, layer.Hashes))
                _layers.Remove(layer);
        }
        if (_layers.Count == 0)
            session.OnPieceLayers();
    }

    private void Conclude(TorrentFile file, HashRange range, ReadOnlySpan<Sha256Hash> hashes)
    {
        int piece = (int)(file.Offset / Metainfo!.PieceLength) + range.Index / (1 << Metainfo.PieceLayer);
        if (!_investigations.Remove(piece, out Investigation? open) || hashes.Length < open.Leaves.Length)
            return;
        session.Downloads.OnTrueLeaves(piece, hashes[..open.Leaves.Length], open.Leaves, open.Sources);
    }

    private (Sha256Hash Root, HashRange Range) LeafRange(int piece)
    {
        (TorrentFile file, int inFile) = Metainfo!.FileOfPiece(piece);
        int height = Metainfo.TreeHeight(file);
        int width = 1 << Math.Min(Metainfo.PieceLayer, height);
        int length = Math.Min(width, HashRange.MaxLength);
        return (file.PiecesRoot!.Value, HashRange.ToRoot(0, inFile * (1 << Metainfo.PieceLayer), length, height));
    }

    private void Retry(Sha256Hash root, HashRange range)
    {
        foreach (LayerFetch layer in _layers.Where(l => l.File.PiecesRoot == root))
            layer.GiveUp(range);
        session.MarkAllDirty();
    }

    private Dictionary<Sha256Hash, TorrentFile> FilesByRoot()
    {
        if (_byRoot is not null)
            return _byRoot;
        _byRoot = [];
        foreach (TorrentFile file in Metainfo!.Files)
        {
            if (file.PiecesRoot is { } root)
                _byRoot[root] = file;
        }
        return _byRoot;
    }

    private sealed class Investigation(Sha256Hash[] leaves, int[] sources)
    {
        public Sha256Hash[] Leaves { get; } = leaves;

        public int[] Sources { get; } = sources;

        public Instant AskedAt { get; set; } = new(long.MinValue / 2);
    }
}
