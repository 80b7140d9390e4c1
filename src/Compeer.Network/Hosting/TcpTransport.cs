using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Network.Transports;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Hosting;

/// <summary>TCP for the host: what may be opened is the policy's decision. Spec: libp2p/specs addressing/README.md, "TCP".</summary>
internal sealed class TcpTransport(NetworkPolicy policy, IPAddress? bind, TimeSpan timeout)
{
    private readonly ProxyDialer? _proxy = policy.Proxy is { } proxy ? new ProxyDialer(proxy, bind) : null;
    private readonly List<IPEndPoint> _listening = [];

    /// <summary>Whether the address is one of plain TCP.</summary>
    public static bool TryGetEndPoint(Multiaddr address, out IPEndPoint? endPoint)
    {
        endPoint = null;
        Multiaddr? plain = address.WithoutPeer();
        return plain is not null && plain.Components.Count is 2 or 3 && plain.TryGetTcp(out endPoint) && plain.Protocols.Last() == MultiaddrProtocol.Tcp;
    }

    /// <summary>Listens; null where the policy forbids it. Peers are dialled from the ports that are shared.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public Socket? Listen(IPEndPoint local, bool isShared)
    {
        if (!policy.AllowsDirect(TrafficClass.IncomingPeers))
            return null;
        Socket socket = PeerListener.Listen(local);
        if (isShared)
            _listening.Add((IPEndPoint)socket.LocalEndPoint!);
        return socket;
    }

    /// <summary>Dials somebody who dials us at this moment, from the port at which we listen; null when neither came through.</summary>
    public async Task<PeerStream?> PunchAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        policy.AllowsDirect(TrafficClass.HolePunching) ? await TcpPunch.PunchAsync(remote, SharedPort(remote) ?? 0, bind, cancellationToken) : null;

    /// <summary>False of the remote of a stream that leads through a proxy to a name: where the name is, only the proxy knows.</summary>
    public static bool IsKnown(IPEndPoint remote) => !remote.Address.Equals(IPAddress.Any);

    /// <summary>Connects through the proxy to a target that the proxy looks up.</summary>
    /// <exception cref="ProxyException">There is no way through it.</exception>
    /// <exception cref="SocketException">There is no proxy.</exception>
    public async Task<PeerStream> ConnectAsync(ProxyTarget target, CancellationToken cancellationToken) => _proxy is null
        ? throw new SocketException((int)SocketError.AccessDenied)
        : new TcpPeerStream(await _proxy.ConnectAsync(target, cancellationToken), new IPEndPoint(IPAddress.Any, target.Port));

    /// <summary>Connects, directly or through the proxy.</summary>
    /// <exception cref="SocketException">No answer, or refused.</exception>
    /// <exception cref="ProxyException">There is a proxy, and no way through it.</exception>
    public async Task<PeerStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        if (_proxy is not null)
            return new TcpPeerStream(await _proxy.ConnectAsync(new ProxyTarget(remote), cancellationToken), remote);
        if (!policy.AllowsDirect(TrafficClass.PeerTcp))
            throw new SocketException((int)SocketError.AccessDenied);
        if (AddressReaches.Of(remote.Address) == AddressReach.Global && SharedPort(remote) is { } port && policy.AllowsDirect(TrafficClass.HolePunching))
        {
            try
            {
                return await TcpPunch.ConnectAsync(remote, port, bind, cancellationToken);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable or SocketError.InvalidArgument)
            {
                // There is, or was a moment ago, a connection between the very same two ports: this one takes another.
            }
        }
        return new TcpPeerStream(await TcpDial.ConnectAsync([remote.Address], remote.Port, bind, timeout, cancellationToken));
    }

    /// <summary>The port that peers of that family reach us at; a NAT shows it to all of them alike, if we dial from it. Null where we listen elsewhere or not at all.</summary>
    private int? SharedPort(IPEndPoint remote) => _listening.Find(l =>
        l.Address.Equals(IPAddress.IPv6Any) || (l.AddressFamily == remote.AddressFamily && !IPAddress.IsLoopback(l.Address)))?.Port;
}
