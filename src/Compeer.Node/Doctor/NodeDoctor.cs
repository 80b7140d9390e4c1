using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.PortMapping;
using Compeer.Network.Stun;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Reachability;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Trackers;

namespace Compeer.Node.Doctor;

/// <summary>
/// Examines how reachable a running node is: asks STUN servers from the node's own port and from one that nobody has mapped, waits
/// for the router, for the relay and for the DHT; all at once, and no longer than the time given.
/// </summary>
/// <param name="client">The node, without torrents.</param>
/// <param name="bind">The local address; null means all.</param>
/// <param name="stunServers">STUN servers to ask.</param>
/// <param name="timeout">How long it may take.</param>
public sealed class NodeDoctor(TorrentClient client, IPAddress? bind, DnsEndPoint[] stunServers, TimeSpan timeout)
{
    private static readonly TimeSpan RouterPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DhtPatience = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan DhtListening = TimeSpan.FromSeconds(2);

    private readonly IPAddress _bind = bind ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
    private readonly ImmutableArray<(string, IPAddress)> _interfaces =
        [.. LocalAddresses.ByInterface().Where(a => AddressReaches.Of(a.Address) > AddressReach.Loopback && !a.Address.IsIPv6LinkLocal && IsBound(bind, a.Address))];

    /// <summary>Examines, once.</summary>
    /// <exception cref="SocketException">No further port can be had.</exception>
    public async Task<DoctorFindings> ExamineAsync(CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        if (client.Policy.Describe() is { } proxy)
            return new DoctorFindings(NewFacts() with { HasProxy = true }, _interfaces, PublicAddresses.None, [], null, null, null, null, [], proxy, default);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        await using UdpEndpoint aside = UdpEndpoint.Bind(new IPEndPoint(_bind, 0));
        await using var stun = new StunClient(aside);
        aside.Add(stun);
        aside.Start();

        IPEndPoint[][] found = await Task.WhenAll(stunServers.Select(s => StunServers.ResolveAsync(s, Family, limit.Token)));
        ILookup<AddressFamily, IPEndPoint> servers = found.SelectMany(f => f).ToLookup(s => s.AddressFamily);
        Task<string>[] answers = [.. stunServers.Select((server, i) => AskAsync(stun, server, found[i], limit.Token))];
        Task<NatBehaviour?> unmapped = DiscoverAsync(stun, servers[AddressFamily.InterNetwork], aside.LocalEndPoint.Port, limit.Token);
        Task<NatBehaviour?> own = DiscoverOwnPortAsync(servers[AddressFamily.InterNetwork], limit.Token);
        Task<NatBehaviour?> ownV6 = DiscoverOwnPortAsync(servers[AddressFamily.InterNetworkV6], limit.Token);
        Task<TimeSpan?> dht = JoinDhtAsync(start, limit.Token);
        Task<RelayStatus?> relay = AwaitRelayAsync(limit.Token);
        Task asked = Task.WhenAny(client.PublicAddresses!.AskedAsync(limit.Token));
        await Task.WhenAll([unmapped, own, ownV6, dht, relay, asked, .. answers]);
        cancellationToken.ThrowIfCancellationRequested();

        PublicAddresses known = client.PublicAddresses.Current;
        PortMapperStatus? router = client.PortMapping?.Status.Routers.FirstOrDefault(r => !r.Link.IsV6);
        ReachabilityFacts facts = NewFacts() with
        {
            PublicV4 = known.V4,
            PublicV6 = known.V6,
            StunServers = stunServers.Length,
            Nat = await unmapped,
            OwnPort = await own,
            OwnPortV6 = await ownV6,
            PinholeTcp = client.PortMapping?.Status.ExternalV6Of(MappedProtocol.Tcp),
            Router = router?.Link.Gateway,
            MappedTcp = router?.ExternalOf(MappedProtocol.Tcp),
            MappedUdp = router?.ExternalOf(MappedProtocol.Udp),
            RouterOutside = router?.ExternalAddress,
            HasDht = client.Dht is not null,
            DhtNodes = client.Dht?.Status.Nodes ?? 0,
            StrangersHeard = client.Dht?.Status.StrangersHeardV4 ?? 0,
            StrangersHeardV6 = client.Dht?.Status.StrangersHeardV6 ?? 0,
            RelayWorks = (await relay) is { } tried ? tried.Relayed is not null : null,
        };
        string[] said = await Task.WhenAll(answers);
        return new DoctorFindings(
            facts, _interfaces, known, [.. stunServers.Select((s, i) => ($"{s.Host}:{s.Port}", said[i]))], client.PortMapping?.Status, client.Dht?.Status, await dht,
            await relay, Firewalls.Describe(), null, TimeProvider.System.GetElapsedTime(start));
    }

    /// <summary>The families that the node speaks.</summary>
    private AddressFamily Family => _bind.Equals(IPAddress.IPv6Any) ? AddressFamily.Unspecified : _bind.AddressFamily;

    private static bool IsBound(IPAddress? bind, IPAddress address) =>
        bind is null || bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any) || bind.Equals(address);

    private ReachabilityFacts NewFacts() => new() { Port = client.LocalEndPoint.Port, LocalAddresses = [.. _interfaces.Select(i => i.Item2)] };

    private static async Task<NatBehaviour?> DiscoverAsync(StunClient stun, IEnumerable<IPEndPoint> servers, int port, CancellationToken cancellationToken)
    {
        try
        {
            return !servers.Any() ? null : await stun.DiscoverAsync(servers, LocalAddresses.All(), port, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Our own port, once it is known whether the router maps it: what comes in there comes in to peers' liking.</summary>
    private async Task<NatBehaviour?> DiscoverOwnPortAsync(IEnumerable<IPEndPoint> servers, CancellationToken cancellationToken)
    {
        if (client.PortMapping is { } mapping)
            await Task.WhenAny(mapping.SettledAsync(cancellationToken), Task.Delay(RouterPatience, cancellationToken));
        return await DiscoverAsync(client.PublicAddresses!.Stun, servers, client.LocalEndPoint.Port, cancellationToken);
    }

    private static async Task<string> AskAsync(StunClient stun, DnsEndPoint server, IPEndPoint[] addresses, CancellationToken cancellationToken)
    {
        if (addresses.Length == 0)
            return $"the name {server.Host} leads to no address";
        try
        {
            StunBindingOutcome[] outcomes = await Task.WhenAll(addresses.Select(a => stun.AskAsync(new StunBindingRequest(a), StunTransactionOptions.Brief, cancellationToken)));
            string[] seen = [.. outcomes.Where(o => o.Answer is not null).Select(o => o.Answer!.Mapped.ToString())];
            return seen.Length > 0 ? $"sees us at {string.Join(" and ", seen)}"
                : outcomes.FirstOrDefault(o => o.Error is not null)?.Error is { } error ? $"refused with error {error.Code}" : "did not answer";
        }
        catch (OperationCanceledException)
        {
            return "did not answer in time";
        }
    }

    /// <summary>How long the first node took; then a little longer, for others to speak and strangers to come.</summary>
    private async Task<TimeSpan?> JoinDhtAsync(long start, CancellationToken cancellationToken)
    {
        if (client.Dht is not { } dht)
            return null;
        try
        {
            await dht.Ready.WaitAsync(DhtPatience, cancellationToken);
            TimeSpan first = TimeProvider.System.GetElapsedTime(start);
            await Task.WhenAny(Task.Delay(DhtListening, cancellationToken));
            return first;
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>What the node's own relay has said; null when none was named.</summary>
    private async Task<RelayStatus?> AwaitRelayAsync(CancellationToken cancellationToken)
    {
        if (client.Relay is not { } relay)
            return null;
        await Task.WhenAny(relay.Settled.WaitAsync(cancellationToken));
        return relay.Status;
    }
}
