namespace Compeer.Protocols.MulticastDns;

/// <summary>Timers and bounds of finding peers on the local network. Worst case: <see cref="MaxPeers"/> peers of at most 32 addresses, about 2 KiB each.</summary>
public sealed record MdnsOptions
{
    /// <summary>The service that is asked for; a private network has one of its own, so that the two do not see each other.</summary>
    public string ServiceName { get; init; } = "_p2p._udp.local";

    /// <summary>Questions at the start: one at once, and the others after ever longer pauses that begin with this.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between two questions.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The least time between two answers. Spec: RFC 6762, section 6.</summary>
    public TimeSpan AnswerPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Peers that are remembered as told; the one told longest ago is forgotten.</summary>
    public int MaxPeers { get; init; } = 1024;

    /// <summary>Addresses of one peer.</summary>
    public int MaxAddresses { get; init; } = 32;

    /// <summary>A peer that is still there is told again after this.</summary>
    public TimeSpan TellAgain { get; init; } = TimeSpan.FromMinutes(5);
}
