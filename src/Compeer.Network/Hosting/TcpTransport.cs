using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Network.Transports;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Hosting;

/// <summary>TCP for the host: what may be opened is the policy's decision. Spec: libp2p/specs addressing/README.md, "TCP".</summary>
internal sealed class TcpTransport(NetworkPolicy policy, IPAddress? bind, TimeSpan timeout)
{
    private readonly ProxyDialer? _proxy = policy.Proxy is { } proxy ? new ProxyDialer(proxy, bind) : null;

    /// <summary>Whether the address is one of plain TCP.</summary>
    public static bool TryGetEndPoint(Multiaddr address, out IPEndPoint? endPoint)
    {
        endPoint = null;
        Multiaddr? plain = address.WithoutPeer();
        return plain is not null && plain.Components.Count is 2 or 3 && plain.TryGetTcp(out endPoint) && plain.Protocols.Last() == MultiaddrProtocol.Tcp;
    }

    /// <summary>Listens; null where the policy forbids it.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public Socket? Listen(IPEndPoint local) => policy.AllowsDirect(TrafficClass.IncomingPeers) ? PeerListener.Listen(local) : null;

    /// <summary>Connects, directly or through the proxy.</summary>
    /// <exception cref="SocketException">No answer, or refused.</exception>
    /// <exception cref="ProxyException">There is a proxy, and no way through it.</exception>
    public async Task<PeerStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        if (_proxy is not null)
            return new TcpPeerStream(await _proxy.ConnectAsync(new ProxyTarget(remote), cancellationToken), remote);
        if (!policy.AllowsDirect(TrafficClass.PeerTcp))
            throw new SocketException((int)SocketError.AccessDenied);
        return new TcpPeerStream(await TcpDial.ConnectAsync([remote.Address], remote.Port, bind, timeout, cancellationToken));
    }
}
