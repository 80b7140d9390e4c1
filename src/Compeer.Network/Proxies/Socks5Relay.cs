using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Transports;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Proxies;

/// <summary>
/// Datagrams through a SOCKS proxy, for as long as the connection that asked for the relay is open. The socket is connected
/// to the relay, so the system drops what comes from anywhere else. Sending is thread-safe; one receiver at a time.
/// Spec: RFC 1928 section 7.
/// </summary>
public sealed class Socks5Relay : IDatagramPath, IDisposable
{
    private const int MaxDatagramBytes = 65_536;

    private readonly Socket _control;
    private readonly Socket _socket;
    private readonly byte[] _input = new byte[MaxDatagramBytes];

    internal Socks5Relay(Socket control, IPEndPoint relay, IPAddress? bind)
    {
        _control = control;
        _socket = new Socket(relay.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            TcpDial.BindTo(_socket, bind);
            _socket.Connect(relay);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment = false) => TrySend(datagram, new ProxyTarget(to));

    /// <summary>Sends to a target that may be a name, which the proxy looks up.</summary>
    public bool TrySend(ReadOnlySpan<byte> datagram, ProxyTarget to)
    {
        byte[] framed = new byte[Socks5Datagram.MaxHeaderBytes + datagram.Length];
        int header = Socks5Datagram.WriteHeader(framed, to);
        if (header == 0)
            return false;
        datagram.CopyTo(framed.AsSpan(header));
        try
        {
            return _socket.Send(framed.AsSpan(0, header + datagram.Length), SocketFlags.None) > 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>The next datagram that the relay brings; what is none of a relay's is passed over. The sender is null when the proxy names it.</summary>
    /// <exception cref="SocketException">The relay is gone.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async ValueTask<(int Length, IPEndPoint? From)> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            int received = await _socket.ReceiveAsync(_input, SocketFlags.None, cancellationToken);
            if (!Socks5Datagram.TryRead(_input.AsSpan(0, received), out IPEndPoint? from, out ReadOnlySpan<byte> payload) || payload.Length > target.Length)
                continue;
            payload.CopyTo(target.Span);
            return (payload.Length, from is null ? null : EndPoints.Unmapped(from));
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _control.Dispose();
    }
}
