using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.PortMapping;
using Compeer.Network.Stun;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.AutoNat;

/// <summary>
/// Shares what is known of this machine's addresses between a host of libp2p and the rest of Compeer: what peers see is a vote on our public
/// address, and a port that a router has mapped is announced. Thread-safe.
/// </summary>
public sealed class SharedAddresses : IDisposable
{
    private readonly PeerHost _host;
    private readonly PublicAddressService? _votes;

    private SharedAddresses(PeerHost host, PublicAddressService? votes)
    {
        _host = host;
        _votes = votes;
    }

    /// <summary>Begins to share.</summary>
    /// <param name="host">The host.</param>
    /// <param name="votes">Where peers' votes go; null where nobody counts them.</param>
    public static SharedAddresses Start(PeerHost host, PublicAddressService? votes)
    {
        var shared = new SharedAddresses(host, votes);
        host.Identified += shared.OnIdentified;
        return shared;
    }

    /// <summary>Takes the state of the mapping of the host's port: to be called by <see cref="PortMappingOptions.Changed"/>.</summary>
    public void OnMapping(PortMappingStatus status) =>
        _host.Announce(this, [.. new[] { status.ExternalOf(MappedProtocol.Tcp), status.ExternalV6Of(MappedProtocol.Tcp) }.OfType<IPEndPoint>().Select(Multiaddr.FromTcp)]);

    public void Dispose()
    {
        _host.Identified -= OnIdentified;
        _host.Announce(this, []);
    }

    private void OnIdentified(HostConnection connection)
    {
        if (connection.Path != ConnectionPath.Relayed
            && connection.RemoteAddress.TryGetTcp(out IPEndPoint? voter)
            && connection.Remote?.ObservedAddress is { } observed && !observed.Contains(MultiaddrProtocol.Circuit) && observed.TryGetTcp(out IPEndPoint? claimed))
            _votes?.Vote(voter.Address, claimed.Address, udpPort: null, AddressWitness.Peer);
    }
}
