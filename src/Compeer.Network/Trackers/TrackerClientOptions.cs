using System.Net;
using Compeer.Network.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>Limits and rules of asking trackers. Worst case: <see cref="MaxConcurrent"/> x 2 families x <see cref="MaxBodyBytes"/> of answers in memory.</summary>
public sealed record TrackerClientOptions
{
    /// <summary>The local address to ask from; null lets the system choose, and asks over IPv4 and IPv6.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>The proxy that everything goes through; it looks the names up. Null when there is none.</summary>
    public ProxyDialer? Proxy { get; init; }

    /// <summary>Everything about one HTTP answer, redirects included, ends within this.</summary>
    public TimeSpan HttpTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One attempt to connect.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The UDP protocol's times; one repetition, which gives up after 45 s.</summary>
    public UdpTrackerSessionOptions Udp { get; init; } = new() { MaxRepetitions = 1 };

    /// <summary>When a tracker answered over one address family, how long the other may still take.</summary>
    public TimeSpan OtherFamilyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest answer in bytes, after decompression.</summary>
    public int MaxBodyBytes { get; init; } = 1 << 20;

    public int MaxRedirects { get; init; } = 3;

    /// <summary>Addresses of one host that are tried.</summary>
    public int MaxAddresses { get; init; } = 4;

    /// <summary>Announces and scrapes at once in the whole process; further ones wait.</summary>
    public int MaxConcurrent { get; init; } = 64;

    public string UserAgent { get; init; } = "Compeer/0.1.0";

    /// <summary>Finds a host's addresses; called with names only, never with literals.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>How far an address reaches; a test puts its own view of the world here.</summary>
    public Func<IPAddress, AddressReach> Reach { get; init; } = AddressReaches.Of;
}
