using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Protocols;

namespace Compeer.Content.Torrents;

// Whole pieces: hashed and written by threads, and what came of it.
internal sealed partial class Downloads
{
    private const int MinUnhashedPieces = 3;

    private static readonly TimeSpan RetryWrite = TimeSpan.FromSeconds(2);

    private readonly List<PieceInProgress> _unwritten = [];
    private long _backlogBytes;
    private long _workBytes;
    private Instant _nextRetry;

    private long MaxWorkBytes => Math.Max(session.Services.Options.MaxUnhashedBytes, MinUnhashedPieces * Metainfo.PieceLength);

    /// <summary>Bytes that failed verification.</summary>
    public long CorruptBytes { get; private set; }

    /// <summary>The threads that hash and write have more to do than they should: nothing more is to be read until a quarter of it is done.</summary>
    public bool IsBehind { get; private set; }

    public void OnStored(PiecesStored stored)
    {
        foreach (PieceInProgress piece in stored.Pieces)
        {
            OnWorked(piece);
            Finish(piece);
            _liars.Clear();
            _trust.OnPassed(piece.Index, piece.Sources, piece.Digests, _liars);
            Convict(_liars, $"it sent wrong data in piece {piece.Index}, found when the right data came");
            session.Content.Add(piece.Index);
        }
        if (session.Phase == TorrentPhase.WaitingForRoom && _unwritten.Count == 0)
            session.SetPhase(TorrentPhase.Downloading);
        session.MarkAllDirty();
    }

    public void OnCorrupt(PieceCorrupt corrupt)
    {
        PieceInProgress piece = corrupt.Piece;
        CorruptBytes += piece.LengthBytes;
        OnWorked(piece);
        Finish(piece);
        _liars.Clear();
        _trust.OnFailed(piece.Index, piece.Sources, piece.Digests!, null, _liars);
        bool convicted = _liars.Count > 0;
        Convict(_liars, $"it sent piece {piece.Index} with wrong data");
        if (!convicted && corrupt.Leaves is { } leaves)
            session.Hashes.Investigate(piece.Index, leaves, piece.Sources);
        Picker.PieceFailed(piece.Index, fromOnePeer: !convicted);
        session.MarkAllDirty();
    }

    public void OnUnwritten(PieceUnwritten unwritten)
    {
        OnWorked(unwritten.Piece);
        _unwritten.Add(unwritten.Piece);
        _nextRetry = session.Now + RetryWrite;
        switch (unwritten.Reason.Failure)
        {
            case var _ when session.IsClosing:
                DropUnwritten();
                break;
            case StorageFailure.DiskFull:
                session.SetPhase(TorrentPhase.WaitingForRoom, unwritten.Reason.Message);
                break;
            case StorageFailure.Changed:
                session.Content.OnFileChanged(unwritten.Reason);
                break;
            default:
                session.Fail(unwritten.Reason.Message);
                break;
        }
    }

    /// <summary>The content is to close: pieces that could not be written are fetched again later.</summary>
    public void DropUnwritten()
    {
        foreach (PieceInProgress piece in _unwritten)
            Finish(piece);
        _unwritten.Clear();
    }

    private void Verify(PieceInProgress piece)
    {
        _backlogBytes += piece.LengthBytes;
        BeginWork(piece);
        piece.Sources = Picker.SourcesOf(piece.Index).ToArray();
        piece.WantsDigests = _trust.HasFailed(piece.Index);
        piece.Metainfo = Metainfo;
        session.Services.Hashing.TryEnqueue(piece, this);
    }

    /// <summary>Writes what is right at once, while it is in the cache.</summary>
    void IHashedPieceTaker.Take(List<WholePiece> pieces)
    {
        var right = new List<PieceInProgress>(pieces.Count);
        foreach (PieceInProgress piece in pieces.Cast<PieceInProgress>())
        {
            if (!piece.IsValid || piece.WantsDigests)
                piece.Digests = BlockDigests.Of(piece.Content);
            if (piece.IsValid)
                right.Add(piece);
            else
                session.Post(new PieceCorrupt(piece, piece.Metainfo!.InfoHashes.V2 is null ? null : PieceVerifier.Leaves(piece.Content)));
        }
        if (right.Count > 0)
            Store(right);
    }

    private void Store(List<PieceInProgress> pieces)
    {
        try
        {
            pieces.Sort((one, other) => one.Index.CompareTo(other.Index));
            int[] indexes = [.. pieces.Select(p => p.Index)];
            session.Content.Journal.Opened(indexes);
            for (int first = 0, next; first < pieces.Count; first = next)
            {
                next = EndOfRun(pieces, first);
                session.Content.Storage.Write(pieces[first].Index, next == first + 1 ? pieces[first].Content : Joined(pieces, first, next));
            }
            session.Content.Journal.Written(indexes, session.Content.StampsOf);
            session.Inputs.PostAndRun(new PiecesStored(pieces));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            foreach (PieceInProgress piece in pieces)
                session.Post(new PieceUnwritten(piece, StorageException.From(e, -1, session.Settings.Directory)));
        }
    }

    private static List<ReadOnlyMemory<byte>> Joined(List<PieceInProgress> pieces, int first, int end)
    {
        var blocks = new List<ReadOnlyMemory<byte>>((end - first) * pieces[first].Content.Count);
        for (int i = first; i < end; i++)
            blocks.AddRange(pieces[i].Content);
        return blocks;
    }

    /// <summary>One past the last of the pieces from <paramref name="first"/> on whose data follows one another.</summary>
    private static int EndOfRun(List<PieceInProgress> pieces, int first)
    {
        int next = first + 1;
        while (next < pieces.Count && pieces[next].Index == pieces[next - 1].Index + 1 && pieces[next - 1].LengthBytes == pieces[next - 1].Metainfo!.PieceLength)
            next++;
        return next;
    }

    private void RetryWrites()
    {
        foreach (PieceInProgress piece in _unwritten)
        {
            BeginWork(piece);
            session.Services.Disk.TryEnqueue(() => Store([piece]));
        }
        _unwritten.Clear();
        _nextRetry = Instant.Never;
    }

    private void BeginWork(PieceInProgress piece)
    {
        _workBytes += piece.LengthBytes;
        IsBehind |= _workBytes > MaxWorkBytes;
    }

    /// <summary>A thread is done with a piece, one way or the other.</summary>
    private void OnWorked(PieceInProgress piece)
    {
        _workBytes -= piece.LengthBytes;
        if (!IsBehind || _workBytes > MaxWorkBytes / 4 * 3)
            return;
        IsBehind = false;
        session.ReadOn();
    }

    private void Finish(PieceInProgress piece)
    {
        _backlogBytes -= piece.LengthBytes;
        _pieces.Remove(piece.Index);
        piece.Release();
    }
}
