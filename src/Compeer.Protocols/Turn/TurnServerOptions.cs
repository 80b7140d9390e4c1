using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>
/// Who may use a relay, and how much. Worst case: 100 bytes for each permission and 250 for each channel, so 22 KB an allocation
/// and 2.8 MB in all with the defaults, beside what the driver takes for each relay socket.
/// </summary>
public sealed record TurnServerOptions
{
    /// <summary>Passwords by user name; nobody else gets anything.</summary>
    public ImmutableDictionary<string, string> Users { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The realm of the credentials; at most 12 bytes, so that a refusal stays shorter than three times its request.</summary>
    public string Realm { get; init; } = "compeer";

    /// <summary>Allocations in all.</summary>
    public int MaxAllocations { get; init; } = 128;

    /// <summary>Allocations of one user.</summary>
    public int MaxAllocationsPerUser { get; init; } = 8;

    /// <summary>Addresses that may send to one allocation.</summary>
    public int MaxPermissions { get; init; } = 64;

    /// <summary>Channels of one allocation.</summary>
    public int MaxChannels { get; init; } = 64;

    /// <summary>Payload that one allocation relays, both directions together; beyond it datagrams are lost. 0: unlimited.</summary>
    public long BytesPerSecond { get; init; } = 4 << 20;

    /// <summary>The lifetime of an allocation whose client names none, and the shortest.</summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest lifetime between two refreshes.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a permission lasts without renewal.</summary>
    public TimeSpan PermissionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a channel lasts without renewal.</summary>
    public TimeSpan ChannelLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>After once to twice this a nonce is stale.</summary>
    public TimeSpan NonceLifetime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Relays to private addresses too; otherwise users could reach into the network that the relay is in.</summary>
    public bool AllowPrivatePeers { get; init; }

    /// <summary>Relays to loopback too; for tests.</summary>
    public bool AllowLoopbackPeers { get; init; }

    /// <summary>
    /// The addresses of this machine: nothing is relayed to them but to ports of other allocations, so that nobody uses the relay to
    /// reach services that trust it.
    /// </summary>
    public ImmutableHashSet<IPAddress> OwnAddresses { get; init; } = [];

    /// <summary>Whether relayed addresses of IPv4 are given.</summary>
    public bool RelaysV4 { get; init; } = true;

    /// <summary>Whether relayed addresses of IPv6 are given.</summary>
    public bool RelaysV6 { get; init; }

    /// <summary>Limits of requests, Binding included.</summary>
    public StunRateLimitOptions RateLimit { get; init; } = new();
}
