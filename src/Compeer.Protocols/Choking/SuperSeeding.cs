using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Choking;

/// <summary>
/// The first seed shows each peer one piece at a time, the one least seen, and the next only when that piece is seen
/// at another peer: so nearly every byte it sends is new to the swarm. Single-threaded.
/// </summary>
/// <remarks>Holds 4 bytes a piece. Choosing walks all pieces, once for each piece shown. Spec: BEP 16.</remarks>
public sealed class SuperSeeding(int pieceCount, Random random)
{
    private readonly int[] _shown = new int[pieceCount];
    private readonly Dictionary<int, (int Piece, bool IsSpread)> _current = [];

    /// <summary>The piece a peer is shown now, or -1.</summary>
    public int Current(int peer) => _current.TryGetValue(peer, out (int Piece, bool IsSpread) current) ? current.Piece : -1;

    /// <summary>Chooses what to show a peer next; -1 when it has everything.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="pieces">What it has.</param>
    /// <param name="copiesOf">How many connected peers have a piece, when that is known.</param>
    public int Next(int peer, PieceSet pieces, Func<int, int>? copiesOf = null)
    {
        _current.Remove(peer);
        if (pieces.IsComplete)
            return -1;
        int best = -1;
        int fewest = int.MaxValue;
        int start = random.Next(pieceCount);
        for (int i = 0; i < pieceCount; i++)
        {
            int piece = (start + i) % pieceCount;
            if (pieces[piece])
                continue;
            int seen = _shown[piece] + (copiesOf?.Invoke(piece) ?? 0);
            if (seen < fewest)
                (best, fewest) = (piece, seen);
        }
        _shown[best]++;
        _current[peer] = (best, copiesOf?.Invoke(best) > 0);
        return best;
    }

    /// <summary>A peer told that it has a piece: whoever was shown it, and is another, has passed it on.</summary>
    /// <param name="peer">Who has it now.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="satisfied">
    /// Gets the peers that earned their next piece. A piece that others had when it was shown may have nobody left to be passed
    /// on to: having it is enough.
    /// </param>
    public void OnHave(int peer, int piece, List<int> satisfied)
    {
        foreach ((int shown, (int current, bool isSpread)) in _current)
        {
            if (current == piece && (shown != peer || isSpread))
                satisfied.Add(shown);
        }
    }

    /// <summary>A peer is gone.</summary>
    public void PeerGone(int peer) => _current.Remove(peer);
}
