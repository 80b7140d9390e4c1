using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Protocols.Picking;

/// <summary>
/// Shares out equally rare pieces among those who fetch them, without a word between them: a piece is begun first by the peer
/// whose id hashes highest with it (rendezvous hashing), which all who know one another find alike. So the leechers of one
/// seed seldom ask it for the same piece at the same time, and it has given a whole copy sooner.
/// </summary>
public sealed class PieceShares(PeerId own)
{
    /// <summary>Others beyond these are not looked at.</summary>
    public const int MaxOthers = 64;

    private readonly ulong _own = Key(own);
    private ulong[] _others = [];
    private int _count;

    /// <summary>Who else fetches now.</summary>
    public void SetOthers(IEnumerable<PeerId> others)
    {
        _count = 0;
        foreach (PeerId other in others.Take(MaxOthers))
        {
            if (_others.Length == 0)
                _others = new ulong[MaxOthers];
            _others[_count++] = Key(other);
        }
    }

    /// <summary>Whether it falls to us to begin with a piece, or a run of pieces, of this number.</summary>
    public bool IsOurs(int number)
    {
        ulong salt = SplitMix64.Mix((ulong)number), ours = SplitMix64.Mix(_own ^ salt);
        foreach (ulong other in _others.AsSpan(0, _count))
        {
            if (SplitMix64.Mix(other ^ salt) > ours)
                return false;
        }
        return true;
    }

    private static ulong Key(PeerId id) => BinaryPrimitives.ReadUInt64LittleEndian(id.AsSpan()[^sizeof(ulong)..]);
}
