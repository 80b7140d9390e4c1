using System.Security.Cryptography;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Content.Hashing;

/// <summary>
/// Reads every piece once, in order, and hashes it on all processors while what was just read is in the nearest caches. Only
/// where v1 is hashed in lanes are as many pieces read first as fill them.
/// </summary>
internal sealed class PieceScanner(IHashedPieces pieces, int pieceLength, bool v1, bool v2)
{
    /// <summary>Memory for pieces of all threads together; a thread has room for one piece in any case.</summary>
    public const long MaxBytes = 128 << 20;

    private const int ReadBytes = 256 * 1024;
    private const int SmallBatchBytes = 1 << 20;

    private readonly IHashLanes _lanes = HashLanes.BestFor((long)pieces.Count * pieceLength);
    private int _nextBatch = -1;

    private bool InLanes => v1 && _lanes.Lanes > 1;

    /// <summary>Until every piece was taken or left out.</summary>
    /// <exception cref="StorageException">Reading threw it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        int threads = Environment.ProcessorCount;
        int batch = BatchPieces(_lanes.Lanes, pieceLength, threads);
        int batches = (pieces.Count + batch - 1) / batch;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, Math.Min(threads, batches), options, (_, state) =>
            {
                byte[] buffer = GC.AllocateUninitializedArray<byte>(InLanes ? batch * pieceLength : Math.Min(ReadBytes, pieceLength));
                using IncrementalHash? sha1 = v1 && !InLanes ? IncrementalHash.CreateHash(HashAlgorithmName.SHA1) : null;
                int number;
                while (!state.IsExceptional && (number = Interlocked.Increment(ref _nextBatch)) < batches)
                {
                    int first = number * batch, count = Math.Min(batch, pieces.Count - first);
                    cancellationToken.ThrowIfCancellationRequested();
                    if (InLanes)
                        HashInLanes(first, count, buffer);
                    else
                        HashOneByOne(first, count, buffer, sha1);
                }
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<StorageException>().FirstOrDefault() is { } reason)
        {
            throw new StorageException(reason.Failure, reason.FileIndex, reason.Message, reason);
        }
    }

    /// <summary>Pieces that a thread takes at a time: all lanes full if memory allows, several times over where pieces are small.</summary>
    private static int BatchPieces(int lanes, int pieceLength, int threads)
    {
        int most = (int)Math.Max(1, MaxBytes / threads / pieceLength);
        return Math.Min(most, lanes * Math.Max(1, SmallBatchBytes / (lanes * pieceLength)));
    }

    private void HashInLanes(int first, int count, byte[] buffer)
    {
        var read = new List<int>(count);
        var leaves = new Sha256Hash[count][];
        for (int i = 0; i < count; i++)
        {
            Memory<byte> piece = buffer.AsMemory(i * pieceLength, pieceLength);
            (int data, int padded) = pieces.LengthsOf(first + i);
            leaves[i] = NewLeaves(data);
            if (!TryRead(first + i, data, begin => piece[begin..Math.Min(begin + ReadBytes, data)], leaves[i], null))
                continue;
            piece.Span[data..padded].Clear();
            read.Add(i);
        }
        var digests = new Sha1Hash[read.Count];
        _lanes.Sha1([.. read.Select(i => (ReadOnlyMemory<byte>[])[buffer.AsMemory(i * pieceLength, pieces.LengthsOf(first + i).Padded)])], digests);
        for (int i = 0; i < digests.Length; i++)
            pieces.Take(first + read[i], digests[i], leaves[read[i]]);
    }

    private void HashOneByOne(int first, int count, byte[] buffer, IncrementalHash? sha1)
    {
        for (int piece = first; piece < first + count; piece++)
        {
            (int data, int padded) = pieces.LengthsOf(piece);
            Sha256Hash[] leaves = NewLeaves(data);
            bool isRead = TryRead(piece, data, begin => buffer.AsMemory(0, Math.Min(buffer.Length, data - begin)), leaves, sha1);
            foreach (ReadOnlyMemory<byte> padding in PieceVerifier.Padding(padded - data))
                sha1?.AppendData(padding.Span);
            Sha1Hash digest = default;
            sha1?.GetHashAndReset(digest);
            if (isRead)
                pieces.Take(piece, digest, leaves);
        }
    }

    private Sha256Hash[] NewLeaves(int data) => new Sha256Hash[v2 ? MerkleTree.LeafCount(data) : 0];

    /// <summary>Reads a piece's data part by part into where <paramref name="partAt"/> says, and hashes each at once as far as asked for.</summary>
    private bool TryRead(int piece, int data, Func<int, Memory<byte>> partAt, Sha256Hash[] leaves, IncrementalHash? sha1)
    {
        for (int begin = 0; begin < data;)
        {
            Memory<byte> part = partAt(begin);
            if (!pieces.TryRead(piece, begin, part))
                return false;
            sha1?.AppendData(part.Span);
            if (v2)
                _lanes.Sha256(MerkleTree.Leaves(part), leaves.AsSpan(begin / MerkleTree.LeafBytes));
            begin += part.Length;
        }
        return true;
    }
}
