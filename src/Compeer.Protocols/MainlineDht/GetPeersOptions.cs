namespace Compeer.Protocols.MainlineDht;

/// <summary>How a swarm is looked up.</summary>
public sealed record GetPeersOptions
{
    /// <summary>Looks, on one path, and announces nothing.</summary>
    public static GetPeersOptions Default { get; } = new();

    /// <summary>Announces that we are reachable at this port, after the lookup; null looks only.</summary>
    public ushort? AnnouncePort { get; init; }

    /// <summary>The nodes shall take the port from which the announcement comes, because a NAT changes it.</summary>
    public bool ImpliedPort { get; init; }

    /// <summary>We have everything. Spec: BEP 33.</summary>
    public bool IsSeed { get; init; }

    /// <summary>Counts the swarm. Many nodes then send filters instead of peers, not besides them. Spec: BEP 33.</summary>
    public bool Scrape { get; init; }

    /// <summary>Paths that share no node.</summary>
    public int Paths { get; init; } = 1;
}
