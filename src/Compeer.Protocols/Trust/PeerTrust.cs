namespace Compeer.Protocols.Trust;

/// <summary>
/// Who is to blame for pieces that were wrong. A piece from one peer alone convicts it at once. For mixed ones, points
/// are kept (one up for a good piece, two down for a bad), and the exact author is found when the piece comes out right:
/// whoever's block differs from the right one lied. Single-threaded.
/// </summary>
/// <remarks>
/// Peers are numbers that are never used twice, so that one who left can still be convicted. Worst-case memory: 256
/// failed pieces in 4 versions, 12 bytes a block, and 100,000 scores. The oldest evidence goes first.
/// </remarks>
public sealed class PeerTrust
{
    private const int BestScore = 8;
    private const int BanScore = -7;
    private const int MaxFailedPieces = 256;
    private const int MaxScores = 100_000;

    private readonly Dictionary<int, int> _scores = [];
    private readonly HashSet<int> _parole = [];
    private readonly Dictionary<int, List<Attempt>> _failed = [];
    private readonly Queue<int> _failedInOrder = new();

    /// <summary>Whether a peer must fetch whole pieces alone until it has proved itself.</summary>
    public bool IsOnParole(int peer) => _parole.Contains(peer);

    /// <summary>Whether a piece failed before, so that its blocks' digests are wanted when it passes.</summary>
    public bool HasFailed(int piece) => _failed.ContainsKey(piece);

    /// <summary>A piece was right.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="sources">Who sent each block.</param>
    /// <param name="digests">Digest of each block; needed when <see cref="HasFailed"/>.</param>
    /// <param name="liars">Gets the peers whose earlier blocks of this piece were different.</param>
    public void OnPassed(int piece, ReadOnlySpan<int> sources, ReadOnlySpan<ulong> digests, ICollection<int> liars)
    {
        BoundScores();
        int last = -1;
        foreach (int peer in sources)
        {
            if (peer < 0 || peer == last)
                continue;
            last = peer;
            _scores[peer] = Math.Min(BestScore, _scores.GetValueOrDefault(peer) + 1);
            _parole.Remove(peer);
        }
        if (digests.IsEmpty || !_failed.Remove(piece, out List<Attempt>? attempts))
            return;
        foreach (Attempt attempt in attempts)
        {
            for (int block = 0; block < digests.Length; block++)
            {
                if (attempt.Sources[block] >= 0 && attempt.Digests[block] != digests[block] && !liars.Contains(attempt.Sources[block]))
                    liars.Add(attempt.Sources[block]);
            }
        }
    }

    /// <summary>A piece was wrong.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="sources">Who sent each block.</param>
    /// <param name="digests">Digest of each block.</param>
    /// <param name="wrong">Which blocks are known to be wrong, by their own hashes; null when that is not known.</param>
    /// <param name="liars">Gets the peers that are convicted.</param>
    public void OnFailed(int piece, ReadOnlySpan<int> sources, ReadOnlySpan<ulong> digests, bool[]? wrong, ICollection<int> liars)
    {
        var suspects = new HashSet<int>();
        for (int block = 0; block < sources.Length; block++)
        {
            if (sources[block] < 0)
                continue;
            suspects.Add(sources[block]);
            if (wrong?[block] == true && !liars.Contains(sources[block]))
                liars.Add(sources[block]);
        }
        if (wrong is not null)
            return;
        if (suspects.Count == 1)
        {
            liars.Add(suspects.First());
            return;
        }
        BoundScores();
        foreach (int peer in suspects)
        {
            int score = _scores[peer] = _scores.GetValueOrDefault(peer) - 2;
            _parole.Add(peer);
            if (score <= BanScore)
                liars.Add(peer);
        }
        Remember(piece, sources, digests, liars);
    }

    /// <summary>Keeps who sent what; a peer that sent one block in two versions is convicted by that alone.</summary>
    private void Remember(int piece, ReadOnlySpan<int> sources, ReadOnlySpan<ulong> digests, ICollection<int> liars)
    {
        if (!_failed.TryGetValue(piece, out List<Attempt>? attempts))
        {
            MakeRoom();
            _failed[piece] = attempts = [];
            _failedInOrder.Enqueue(piece);
        }
        foreach (Attempt earlier in attempts)
        {
            for (int block = 0; block < sources.Length; block++)
            {
                if (sources[block] >= 0 && earlier.Sources[block] == sources[block] && earlier.Digests[block] != digests[block] && !liars.Contains(sources[block]))
                    liars.Add(sources[block]);
            }
        }
        if (attempts.Count < 4)
            attempts.Add(new Attempt(sources.ToArray(), digests.ToArray()));
    }

    /// <summary>Drops the oldest evidence: an attacker must not be able to fill the table and go on unseen.</summary>
    private void MakeRoom()
    {
        // The queue may also name pieces whose evidence was used since; they go with the rest.
        while ((_failed.Count >= MaxFailedPieces || _failedInOrder.Count >= 2 * MaxFailedPieces) && _failedInOrder.TryDequeue(out int oldest))
            _failed.Remove(oldest);
    }

    private void BoundScores()
    {
        if (_scores.Count < MaxScores && _parole.Count < MaxScores)
            return;
        _scores.Clear();
        _parole.Clear();
    }

    private sealed record Attempt(int[] Sources, ulong[] Digests);
}
