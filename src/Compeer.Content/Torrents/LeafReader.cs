using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Formats.Torrents;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Content.Torrents;

/// <summary>
/// Reads the leaf hashes of whole pieces for peers that ask for some of them. That costs far more than the question: so each
/// peer has one read under way and an allowance of bytes, few reads run at once, a piece is read a block at a time, and the
/// leaves of the last pieces are kept. Memory: 4 MiB of leaves, and 16 questions a peer.
/// </summary>
internal sealed class LeafReader(TorrentSession session)
{
    /// <summary>Bytes that one peer may make us read in a second, after the first <see cref="BurstBytes"/>.</summary>
    private const long BytesPerSecond = 4 << 20;
    private const long BurstBytes = 64 << 20;
    private const int MaxReads = 2;
    private const int MaxQuestionsPerPeer = 16;
    private const int MaxKeptLeaves = (4 << 20) / Sha256Hash.LengthBytes;

    private readonly Dictionary<int, Sha256Hash[]> _kept = [];
    private readonly Queue<int> _age = new();
    private readonly List<Question> _waiting = [];
    private readonly HashSet<int> _reading = [];
    private int _keptLeaves;

    /// <summary>Gives a piece's leaves to <paramref name="answer"/>, now or later; null when they cannot be had, or too much is asked.</summary>
    public void Ask(PeerLink link, int piece, Action<Sha256Hash[]?> answer)
    {
        if (_kept.TryGetValue(piece, out Sha256Hash[]? leaves))
        {
            answer(leaves);
            return;
        }
        if (_waiting.Count(q => q.Link == link) >= MaxQuestionsPerPeer)
        {
            answer(null);
            return;
        }
        _waiting.Add(new Question(link, piece, answer));
        Begin();
    }

    /// <summary>Time passed: allowances grew.</summary>
    public void OnTick()
    {
        if (_waiting.Count > 0)
            Begin();
    }

    public void OnGone(PeerLink link) => _waiting.RemoveAll(q => q.Link == link);

    /// <summary>A disk worker is done with a piece.</summary>
    public void OnRead(LeavesRead read)
    {
        _reading.Remove(read.Piece);
        if (read.Leaves is { } leaves)
            Keep(read.Piece, leaves);
        Question[] answered = [.. _waiting.Where(q => q.Piece == read.Piece)];
        _waiting.RemoveAll(q => q.Piece == read.Piece);
        foreach (Question question in answered)
            question.Answer(read.Leaves);
        Begin();
    }

    private void Begin()
    {
        foreach (Question question in _waiting)
        {
            if (_reading.Count >= MaxReads)
                return;
            bool isBusy = _reading.Contains(question.Piece) || _waiting.Any(q => q.Link == question.Link && q.IsBegun);
            question.Link.LeafAllowance ??= new TokenBucket(BytesPerSecond, BurstBytes);
            if (isBusy || question.Link.LeafAllowance.Available(session.Now) <= 0)
                continue;
            int piece = question.Piece;
            question.Link.LeafAllowance.Take(session.Metainfo!.DataLengthAt(piece), session.Now);
            question.IsBegun = true;
            _reading.Add(piece);
            session.BeginRead();
            session.Services.Disk.TryEnqueue(() =>
            {
                Sha256Hash[]? leaves = Read(piece);
                session.EndRead();
                session.Post(new LeavesRead(piece, leaves));
            });
        }
    }

    /// <summary>On a disk thread. Null when the piece cannot be read, or is not any more what it was.</summary>
    private Sha256Hash[]? Read(int piece)
    {
        try
        {
            Metainfo metainfo = session.Metainfo!;
            int length = metainfo.DataLengthAt(piece);
            var leaves = new Sha256Hash[(int)MerkleTree.LeafCount(length)];
            byte[] block = new byte[Math.Min(length, MerkleTree.LeafBytes)];
            for (int i = 0; i < leaves.Length; i++)
            {
                Memory<byte> part = block.AsMemory(0, Math.Min(block.Length, length - (i * MerkleTree.LeafBytes)));
                session.Content.Storage.Read(piece, i * MerkleTree.LeafBytes, part);
                leaves[i] = Sha256Hash.Of(part.Span);
            }
            bool isRight = metainfo.TryGetV2Piece(piece, out Sha256Hash root, out int height) && MerkleTree.Root(leaves, 0, height) == root;
            return isRight ? leaves : null;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return null;
        }
    }

    private void Keep(int piece, Sha256Hash[] leaves)
    {
        if (!_kept.TryAdd(piece, leaves))
            return;
        _keptLeaves += leaves.Length;
        _age.Enqueue(piece);
        while (_keptLeaves > MaxKeptLeaves && _age.Count > 1 && _kept.Remove(_age.Dequeue(), out Sha256Hash[]? oldest))
            _keptLeaves -= oldest.Length;
    }

    private sealed class Question(PeerLink link, int piece, Action<Sha256Hash[]?> answer)
    {
        public PeerLink Link { get; } = link;

        public int Piece { get; } = piece;

        public Action<Sha256Hash[]?> Answer { get; } = answer;

        public bool IsBegun { get; set; }
    }
}
