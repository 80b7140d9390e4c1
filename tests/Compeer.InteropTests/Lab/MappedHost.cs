using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.AutoNat;
using Compeer.Network.Hosting;
using Compeer.Network.PortMapping;
using Compeer.Network.Stun;
using Compeer.Network.Transports;

namespace Compeer.InteropTests.Lab;

/// <summary>What the rest of a node does for a host's addresses: has its port mapped, and counts what peers say about its public address.</summary>
internal sealed class MappedHost : IAsyncDisposable
{
    private readonly UdpEndpoint _udp;
    private readonly SharedAddresses _shared;
    private readonly PortMappingService _mapping;

    public MappedHost(PeerHost host)
    {
        host.Addresses[0].TryGetTcp(out IPEndPoint? local);
        _udp = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Any, local!.Port));
        Votes = PublicAddressService.Start(_udp, []);
        _udp.Add(Votes);
        _udp.Start();
        _shared = SharedAddresses.Start(host, Votes);
        _mapping = PortMappingService.Start(local.Port, new PortMappingOptions { Changed = _shared.OnMapping });
    }

    public PublicAddressService Votes { get; }

    public async ValueTask DisposeAsync()
    {
        await _mapping.DisposeAsync();
        _shared.Dispose();
        await Votes.DisposeAsync();
        await _udp.DisposeAsync();
    }
}
