using System.Net;
using Compeer.Network.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.WebSeeds;

/// <summary>Limits and rules of asking web seeds. Worst case for each seed: two receive buffers, a header of 16 KiB, and four idle connections.</summary>
public sealed record WebSeedClientOptions
{
    /// <summary>The local address to ask from; null lets the system choose.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>The proxy that everything goes through; it looks the names up. Null when there is none.</summary>
    public ProxyDialer? Proxy { get; init; }

    /// <summary>One attempt to connect.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The head of the answer is here within this, redirects included.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(25);

    public int MaxRedirects { get; init; } = 3;

    /// <summary>Addresses of one host that are tried.</summary>
    public int MaxAddresses { get; init; } = 4;

    public string UserAgent { get; init; } = "Compeer/0.1.0";

    /// <summary>Finds a host's addresses; called with names only, never with literals.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>How far an address reaches; a test puts its own view of the world here.</summary>
    public Func<IPAddress, AddressReach> Reach { get; init; } = AddressReaches.Of;
}
