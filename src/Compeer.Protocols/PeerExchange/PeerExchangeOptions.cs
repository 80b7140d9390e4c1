namespace Compeer.Protocols.PeerExchange;

/// <summary>
/// Bounds and timers of peer exchange with one peer. Worst-case memory at the defaults: 50 addresses that it told us and 200
/// that it was told, about 40 KB.
/// </summary>
public sealed record PeerExchangeOptions
{
    /// <summary>Pause between two messages of ours.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Pause between two messages of theirs; a little less than the rule, since networks delay the first and not the second.</summary>
    public TimeSpan TheirInterval { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>Peers named in our first message.</summary>
    public int MaxFirst { get; init; } = 100;

    /// <summary>Peers added, and peers dropped, in each further message of ours.</summary>
    public int MaxAdded { get; init; } = 50;

    /// <summary>Peers that a peer counts as knowing of through us.</summary>
    public int MaxTold { get; init; } = 200;

    /// <summary>Peers of a remote that we keep at a time; what it drops makes room.</summary>
    public int MaxKept { get; init; } = 50;

    /// <summary>Peers, added and dropped together, that a message may name; longer ones are ignored and count against the remote.</summary>
    public int MaxNamed { get; init; } = 400;

    /// <summary>Messages too soon, too long or malformed, without as many good ones between, after which the remote is dropped.</summary>
    public int MaxOffences { get; init; } = 5;
}
