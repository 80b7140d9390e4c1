using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>
/// Where a tracker listens, and its limits. Worst case: the memory of <see cref="Swarms"/>, and for each HTTP connection
/// at most <see cref="MaxRequestBytes"/> twice over plus an answer of 4 KiB: about 40 MB with the defaults.
/// </summary>
public sealed record TrackerServerOptions
{
    /// <summary>Addresses for HTTP; port 0 lets the system choose, the any-address of IPv6 takes IPv4 too.</summary>
    public ImmutableArray<IPEndPoint> Http { get; init; } = [];

    /// <summary>Addresses for UDP, with the same rules.</summary>
    public ImmutableArray<IPEndPoint> Udp { get; init; } = [];

    public SwarmTableOptions Swarms { get; init; } = new();

    /// <summary>HTTP connections at once.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>HTTP connections at once from one address.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 64;

    /// <summary>The longest request line, and the longest header beside it; a scrape of 74 swarms needs 6 KiB.</summary>
    public int MaxRequestBytes { get; init; } = 8 * 1024;

    /// <summary>A request's line and header must be complete within this.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an idle HTTP connection is kept.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long stopping waits for requests under way.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
