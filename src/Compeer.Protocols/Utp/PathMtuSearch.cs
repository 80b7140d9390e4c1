namespace Compeer.Protocols.Utp;

/// <summary>
/// Searches the largest datagram that passes a path: the ceiling first, because most paths have it, then by halves. A size
/// counts as too large when two probes of it were lost.
/// </summary>
/// <remarks>Spec: RFC 8899 (DPLPMTUD) in short; BEP 29 leaves packet sizes to the sender. Sizes are datagrams without IP and UDP headers.</remarks>
public sealed class PathMtuSearch
{
    private const int Precision = 8;
    private const int TriesPerSize = 2;
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(10);

    private readonly int _safe;
    private readonly int _highest;
    private int _ceiling;
    private int _losses;
    private bool _triedCeiling;
    private Instant _searchAgainAt = Instant.Never;

    /// <param name="safe">A size that passes every path.</param>
    /// <param name="highest">The largest worth trying.</param>
    public PathMtuSearch(int safe, int highest)
    {
        _safe = Size = Math.Min(safe, highest);
        _highest = _ceiling = highest;
    }

    /// <summary>The largest size known to pass.</summary>
    public int Size { get; private set; }

    /// <summary>Whether nothing is left to try for now.</summary>
    public bool IsFinished => _ceiling - Size < Precision;

    /// <summary>The size to probe next; 0 when the search is finished.</summary>
    public int NextProbe(Instant now)
    {
        if (IsFinished && now >= _searchAgainAt)
            Restart();
        if (IsFinished)
            return 0;
        return _triedCeiling ? Size + ((_ceiling - Size + 1) / 2) : _ceiling;
    }

    /// <summary>A probe arrived.</summary>
    public void OnProbeReceived(int size, Instant now)
    {
        _losses = 0;
        _triedCeiling = true;
        Size = Math.Clamp(size, Size, _ceiling);
        NoteEnd(now);
    }

    /// <summary>A probe did not arrive.</summary>
    public void OnProbeLost(int size, Instant now)
    {
        if (++_losses < TriesPerSize)
            return;
        _losses = 0;
        _triedCeiling = true;
        _ceiling = Math.Clamp(size - 1, Size, _ceiling);
        NoteEnd(now);
    }

    /// <summary>Full packets seem to vanish: begin again from the safe size.</summary>
    public void OnBlackHole()
    {
        Size = _safe;
        Restart();
    }

    private void Restart()
    {
        _ceiling = _highest;
        _triedCeiling = false;
        _losses = 0;
        _searchAgainAt = Instant.Never;
    }

    private void NoteEnd(Instant now)
    {
        if (IsFinished)
            _searchAgainAt = Size >= _highest ? Instant.Never : now + Again;
    }
}
