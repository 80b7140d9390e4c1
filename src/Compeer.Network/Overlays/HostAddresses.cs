using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.Overlays;

namespace Compeer.Network.Overlays;

/// <summary>The addresses that messages of overlays tell: a host's own, and those in its book.</summary>
public sealed class HostAddresses(PeerHost host) : IPeerAddresses
{
    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => peer == host.Id ? host.Addresses : host.AddressesOf(peer);

    public void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        if (peer != host.Id)
            host.AddAddresses(peer, addresses);
    }
}
