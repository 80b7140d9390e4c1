using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Choking;

/// <summary>
/// The first seed shows each peer one piece at a time, the one shown least, and the next only when that piece is seen
/// at another peer: so nearly every byte it sends is new to the swarm. Single-threaded.
/// </summary>
/// <remarks>Spec: BEP 16.</remarks>
public sealed class SuperSeeding(int pieceCount, Random random)
{
    private readonly int[] _shown = new int[pieceCount];
    private readonly Dictionary<int, int> _current = [];

    /// <summary>The piece a peer is shown now, or -1.</summary>
    public int Current(int peer) => _current.GetValueOrDefault(peer, -1);

    /// <summary>Chooses what to show a peer next; -1 when it has everything.</summary>
    public int Next(int peer, PieceSet pieces)
    {
        int best = -1;
        int start = random.Next(pieceCount);
        for (int i = 0; i < pieceCount; i++)
        {
            int piece = (start + i) % pieceCount;
            if (!pieces[piece] && (best < 0 || _shown[piece] < _shown[best]))
                best = piece;
        }
        if (best >= 0)
        {
            _shown[best]++;
            _current[peer] = best;
        }
        return best;
    }

    /// <summary>A peer told that it has a piece: whoever was shown it, and is another, has passed it on.</summary>
    /// <param name="peer">Who has it now.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="satisfied">Peers that earned their next piece.</param>
    public void OnHave(int peer, int piece, List<int> satisfied)
    {
        foreach ((int shown, int current) in _current)
        {
            if (current == piece && shown != peer)
                satisfied.Add(shown);
        }
    }

    /// <summary>A peer is gone.</summary>
    public void PeerGone(int peer) => _current.Remove(peer);
}
