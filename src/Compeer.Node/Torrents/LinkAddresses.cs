using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols.PortMapping;

namespace Compeer.Node.Torrents;

/// <summary>The addresses of this node that a link may name, so that whoever has the link needs nobody to find us.</summary>
public static class LinkAddresses
{
    private const int MaxOwn = 8;
    private static readonly TimeSpan RouterPatience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan RelayPatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Where others reach the node: at the router, at this machine, at the relay. Waits a second or two for router and STUN servers, five for a
    /// relay. Empty behind a proxy, where our addresses are nobody's business.
    /// </summary>
    /// <param name="client">The running node.</param>
    /// <param name="bind">The local address given; null means all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<string[]> FindAsync(TorrentClient client, IPAddress? bind, CancellationToken cancellationToken)
    {
        Task settled = Task.WhenAll(client.PortMapping?.SettledAsync(cancellationToken) ?? Task.CompletedTask, client.PublicAddresses?.AskedAsync(cancellationToken) ?? Task.CompletedTask);
        await Task.WhenAny(settled, Task.Delay(RouterPatience, cancellationToken));
        if (client.Relay is { } relay)
            await Task.WhenAny(relay.Settled, Task.Delay(RelayPatience, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return
        [
            .. client.PortMapping?.Status.ExternalOf(MappedProtocol.Tcp) is { } outside ? [outside.ToString()] : (string[])[],
            .. OwnOf(client, bind).Select(a => new IPEndPoint(a, client.LocalEndPoint.Port).ToString()),
            .. client.Relay?.Status.Relayed is { } relayed ? [relayed.ToString()] : (string[])[],
        ];
    }

    /// <summary>Where others see us, beside <paramref name="reachable"/>: a NAT that passes our port on by hand, or lets anybody in, makes it work.</summary>
    public static string[] Seen(TorrentClient client, string[] reachable) =>
        client.PublicAddresses?.Current.V4 is { UdpPort: { } port } seen && !reachable.Any(r => r.StartsWith($"{seen.Address}:", StringComparison.Ordinal))
            ? [new IPEndPoint(seen.Address, port).ToString()]
            : [];

    /// <summary>The node's own addresses: what was bound, or what this machine has; loopback only when there is nothing else, none behind a proxy.</summary>
    public static IReadOnlyList<IPAddress> OwnOf(TorrentClient client, IPAddress? bind)
    {
        if (!client.Policy.AllowsDirect(TrafficClass.IncomingPeers))
            return [];
        if (bind is not null)
            return [bind];
        IPAddress[] own = [.. LocalAddresses.Interfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork || (a.AddressFamily == AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal))
            .Take(MaxOwn)];
        return own.Length > 0 ? own : [IPAddress.Loopback];
    }
}
