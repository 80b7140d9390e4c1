using System.Net;
using System.Net.Sockets;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Trackers;

/// <summary>A way for datagrams to one tracker and back.</summary>
internal interface IUdpTrackerLink : IDisposable
{
    ValueTask SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken);

    ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken);
}

/// <summary>
/// A socket of its own. It is connected, so the system drops datagrams from anywhere but the tracker, and its random port
/// makes answers hard to forge.
/// </summary>
internal sealed class DirectUdpTrackerLink(Socket socket) : IUdpTrackerLink
{
    public static async Task<DirectUdpTrackerLink> ConnectAsync(IPEndPoint tracker, IPAddress? bind, CancellationToken cancellationToken)
    {
        var socket = new Socket(tracker.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            TcpDial.BindTo(socket, bind);
            await socket.ConnectAsync(tracker, cancellationToken);
            return new DirectUdpTrackerLink(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken) =>
        await socket.SendAsync(datagram, SocketFlags.None, cancellationToken);

    public ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken) => socket.ReceiveAsync(target, SocketFlags.None, cancellationToken);

    public void Dispose() => socket.Dispose();
}

/// <summary>A relay of the user's proxy. What comes from another port than the tracker's is dropped; its address may be known to the proxy alone.</summary>
internal sealed class RelayedUdpTrackerLink(Socks5Relay relay, ProxyTarget tracker) : IUdpTrackerLink
{
    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken)
    {
        relay.TrySend(datagram.Span, tracker);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            (int length, IPEndPoint? from) = await relay.ReceiveAsync(target, cancellationToken);
            if (from is null || (from.Port == tracker.Port && (!IPAddress.TryParse(tracker.Host, out IPAddress? address) || from.Address.Equals(address))))
                return length;
        }
    }

    public void Dispose() => relay.Dispose();
}
