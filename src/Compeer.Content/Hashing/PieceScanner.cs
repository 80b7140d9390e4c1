using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Content.Hashing;

/// <summary>
/// Reads every piece once, in order, and hashes it on all processors: for v2 while what was just read is in the nearest
/// caches, for v1 as many pieces at once as there are lanes.
/// </summary>
internal sealed class PieceScanner(IHashedPieces pieces, int pieceLength, bool v1, bool v2)
{
    /// <summary>Memory for pieces of all threads together; a thread has room for one piece in any case.</summary>
    public const long MaxBytes = 128 << 20;

    private const int ReadBytes = 256 * 1024;
    private const int SmallBatchBytes = 1 << 20;

    private int _nextBatch = -1;

    /// <summary>Until every piece was taken or left out.</summary>
    /// <exception cref="StorageException">Reading threw it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        int threads = Environment.ProcessorCount;
        int batch = BatchPieces(pieceLength, threads);
        int batches = (pieces.Count + batch - 1) / batch;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, Math.Min(threads, batches), options, (_, state) =>
            {
                byte[] buffer = GC.AllocateUninitializedArray<byte>(batch * pieceLength);
                int number;
                while (!state.IsExceptional && (number = Interlocked.Increment(ref _nextBatch)) < batches)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Hash(number * batch, Math.Min(batch, pieces.Count - number * batch), buffer);
                }
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<StorageException>().FirstOrDefault() is { } reason)
        {
            throw new StorageException(reason.Failure, reason.FileIndex, reason.Message, reason);
        }
    }

    /// <summary>Pieces that a thread reads at a time: all lanes full if memory allows, several times over where pieces are small.</summary>
    private static int BatchPieces(int pieceLength, int threads)
    {
        int lanes = HashLanes.Best.Lanes;
        int most = (int)Math.Max(1, MaxBytes / threads / pieceLength);
        return Math.Min(most, lanes * Math.Max(1, SmallBatchBytes / (lanes * pieceLength)));
    }

    private void Hash(int first, int count, byte[] buffer)
    {
        var read = new List<int>(count);
        var leaves = new Sha256Hash[count][];
        for (int i = 0; i < count; i++)
        {
            if (TryRead(first + i, buffer.AsMemory(i * pieceLength, pieceLength), out leaves[i]))
                read.Add(i);
        }
        var digests = new Sha1Hash[read.Count];
        if (v1)
            HashLanes.Best.Sha1([.. read.Select(i => (ReadOnlyMemory<byte>[])[buffer.AsMemory(i * pieceLength, pieces.LengthsOf(first + i).Padded)])], digests);
        for (int i = 0; i < digests.Length; i++)
            pieces.Take(first + read[i], digests[i], leaves[read[i]]);
    }

    private bool TryRead(int piece, Memory<byte> target, out Sha256Hash[] leaves)
    {
        (int data, int padded) = pieces.LengthsOf(piece);
        leaves = new Sha256Hash[v2 ? MerkleTree.LeafCount(data) : 0];
        for (int begin = 0; begin < data; begin += ReadBytes)
        {
            Memory<byte> part = target[begin..Math.Min(begin + ReadBytes, data)];
            if (!pieces.TryRead(piece, begin, part))
                return false;
            if (v2)
                HashLanes.Best.Sha256(MerkleTree.Leaves(part), leaves.AsSpan(begin / MerkleTree.LeafBytes));
        }
        target.Span[data..padded].Clear();
        return true;
    }
}
