using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Turn;

/// <summary>To whom a relay sends: not into its own machine or network, or it would be a way around their firewall.</summary>
internal sealed class TurnPeerPolicy(TurnServerOptions options)
{
    /// <summary>Whether an address may be a peer at all.</summary>
    public bool Allows(IPAddress peer) => !peer.IsIPv4MappedToIPv6 && AddressReaches.Of(peer) switch
    {
        AddressReach.Global => true,
        AddressReach.Private => options.AllowPrivatePeers || options.OwnAddresses.Contains(peer),
        AddressReach.Loopback => options.AllowLoopbackPeers,
        _ => false,
    };

    /// <summary>Whether only the ports of other allocations may be reached there.</summary>
    public bool IsOwn(IPAddress peer) =>
        options.OwnAddresses.Contains(peer) && !(options.AllowLoopbackPeers && AddressReaches.Of(peer) == AddressReach.Loopback);
}
