using System.Diagnostics;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Content.Hashing;

/// <summary>
/// Threads that compare whole pieces of all torrents with their hashes, several side by side where that is faster: while pieces come in
/// quick succession, one thread waits until enough are there. A piece that comes alone is hashed at once. First in, first out; the
/// queue is bounded by its users, each of which keeps a budget.
/// </summary>
internal sealed class PieceHashers : IDisposable
{
    /// <summary>Most bytes that are hashed together: two such batches fit into the last cache of the processors of today.</summary>
    public const int MaxBatchBytes = 8 << 20;

    /// <summary>Fewer pieces than these are not worth waiting for.</summary>
    private const int MinTogether = 4;

    /// <summary>A pause after which no more pieces are waited for.</summary>
    private static readonly long Gap = Stopwatch.Frequency * 4 / 1000;

    private readonly Queue<Job> _jobs = new();
    private readonly AutoResetEvent _enough = new(false);
    private readonly Thread[] _threads;
    private long _lastCame;
    private bool _isQuick;
    private bool _isCollecting;
    private bool _ending;

    /// <param name="count">Threads, at least 1.</param>
    public PieceHashers(int count)
    {
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Work) { Name = $"hash {i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>Queues a piece, whose <see cref="WholePiece.Metainfo"/> is set; false after disposal began.</summary>
    public bool TryEnqueue(WholePiece piece, IHashedPieceTaker taker)
    {
        lock (_jobs)
        {
            if (_ending)
                return false;
            _jobs.Enqueue(new Job(piece, taker));
            long now = Stopwatch.GetTimestamp();
            _isQuick = now - _lastCame < Gap;
            _lastCame = now;
            if (!_isCollecting)
                Monitor.Pulse(_jobs);
            else if (HasEnough())
                _enough.Set();
            return true;
        }
    }

    /// <summary>Lets queued pieces be hashed and ends the threads.</summary>
    public void Dispose()
    {
        lock (_jobs)
        {
            _ending = true;
            Monitor.PulseAll(_jobs);
            _enough.Set();
        }
        foreach (Thread thread in _threads)
            thread.Join();
        _enough.Dispose();
    }

    private void Work()
    {
        var verifier = new PieceVerifier();
        var batch = new List<Job>();
        var pieces = new List<WholePiece>();
        while (TryTake(batch))
        {
            foreach (Job job in batch)
                pieces.Add(job.Piece);
            verifier.Verify(pieces);
            while (batch.Count > 0)
            {
                IHashedPieceTaker taker = batch[0].Taker;
                pieces.Clear();
                foreach (Job job in batch)
                {
                    if (job.Taker == taker)
                        pieces.Add(job.Piece);
                }
                batch.RemoveAll(job => job.Taker == taker);
                taker.Take(pieces);
            }
            pieces.Clear();
        }
    }

    /// <summary>Waits for pieces; false when there will be no more.</summary>
    private bool TryTake(List<Job> batch)
    {
        while (true)
        {
            int wait;
            lock (_jobs)
            {
                while (_jobs.Count == 0 || _isCollecting)
                {
                    if (_ending && _jobs.Count == 0)
                    {
                        Monitor.PulseAll(_jobs);
                        return false;
                    }
                    Monitor.Wait(_jobs);
                }
                wait = HasEnough() || _ending ? 0 : RestOfGap();
                if (wait == 0)
                {
                    Dequeue(batch);
                    if (_jobs.Count > 0)
                        Monitor.Pulse(_jobs);
                    return true;
                }
                _isCollecting = true;
            }
            _enough.WaitOne(wait);
            lock (_jobs)
            {
                _isCollecting = false;
            }
        }
    }

    /// <summary>Milliseconds until no more pieces are waited for.</summary>
    private int RestOfGap()
    {
        long left = _lastCame + Gap - Stopwatch.GetTimestamp();
        return !_isQuick || left <= 0 ? 0 : (int)(left * 1000 / Stopwatch.Frequency) + 1;
    }

    private bool HasEnough() => _jobs.Count >= WantedTogether(_jobs.Peek().Piece);

    /// <summary>How many pieces like this one are best hashed side by side.</summary>
    private static int WantedTogether(WholePiece piece)
    {
        int pieceBytes = (int)piece.Metainfo!.PieceLength;
        int lanes = HashLanes.Best.Lanes, most = Math.Clamp(MaxBatchBytes / pieceBytes, 1, lanes);
        if (piece.Metainfo.InfoHashes.V1 is not null)
            return most >= MinTogether ? most : 1;
        int leaves = (int)MerkleTree.LeafCount(pieceBytes);
        return Math.Min(most, (lanes + leaves - 1) / leaves);
    }

    private void Dequeue(List<Job> batch)
    {
        int wanted = WantedTogether(_jobs.Peek().Piece);
        while (batch.Count < wanted && _jobs.TryDequeue(out Job job))
            batch.Add(job);
    }

    private readonly record struct Job(WholePiece Piece, IHashedPieceTaker Taker);
}
