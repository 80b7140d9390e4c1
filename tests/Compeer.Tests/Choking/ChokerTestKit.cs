using Compeer.Protocols;
using Compeer.Protocols.Choking;

namespace Compeer.Tests.Choking;

/// <summary>A peer as the owner of a torrent keeps it between rounds.</summary>
internal sealed class ChokedPeer(int id)
{
    public int Id => id;
    public bool IsInterested { get; set; } = true;
    public bool IsInteresting { get; set; } = true;
    public bool IsSnubbing { get; set; }
    public long Gave { get; set; }
    public long Took { get; set; }
    public bool IsUnchoked { get; private set; }
    public Instant ChangedAt { get; set; }

    public ChokeCandidate AsCandidate() => new()
    {
        Peer = id,
        IsInterested = IsInterested,
        IsInteresting = IsInteresting,
        IsUnchoked = IsUnchoked,
        ReceivedInRound = Gave,
        SentInTurn = Took,
        UnchokedAt = ChangedAt,
        ChokedAt = ChangedAt,
        IsSnubbing = IsSnubbing,
    };

    public void Set(bool unchoked, Instant now)
    {
        Gave = 0;
        if (unchoked == IsUnchoked)
            return;
        (IsUnchoked, ChangedAt) = (unchoked, now);
        if (unchoked)
            Took = 0;
    }
}

internal static class ChokerTestKit
{
    public const int Piece = 256 * 1024;

    public static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);

    public static List<ChokedPeer> Peers(int count) => [.. Enumerable.Range(1, count).Select(i => new ChokedPeer(i) { ChangedAt = At(i * 0.001) })];

    public static int[] Round(this LeechChoker choker, List<ChokedPeer> peers, double seconds) =>
        Apply(peers, choker.Rechoke([.. peers.Select(p => p.AsCandidate())], At(seconds)), At(seconds));

    public static int[] Round(this SeedChoker choker, List<ChokedPeer> peers, double seconds) =>
        Apply(peers, choker.Rechoke([.. peers.Select(p => p.AsCandidate())], Piece, At(seconds)), At(seconds));

    private static int[] Apply(List<ChokedPeer> peers, HashSet<int> served, Instant now)
    {
        foreach (ChokedPeer peer in peers)
            peer.Set(served.Contains(peer.Id), now);
        return [.. served.Order()];
    }
}
