using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.AutoNat;

/// <summary>
/// How many dials a server does for others in a minute: so many for all, and so many for one peer. Single-threaded; holds
/// at most <paramref name="total"/> entries.
/// </summary>
public sealed class AutoNatRates(int total, int perPeer)
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Queue<(Instant At, PeerId Peer)> _granted = new();

    /// <summary>Grants one request, or not.</summary>
    public bool TryTake(PeerId peer, Instant now)
    {
        while (_granted.TryPeek(out (Instant At, PeerId Peer) oldest) && now - oldest.At >= Window)
            _granted.Dequeue();
        if (_granted.Count >= total || _granted.Count(g => g.Peer == peer) >= perPeer)
            return false;
        _granted.Enqueue((now, peer));
        return true;
    }
}
