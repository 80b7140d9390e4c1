using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Proxies;

/// <summary>
/// Opens connections through a proxy and in no other way: the only address it ever connects to is the proxy's, and it
/// looks no name up. Thread-safe.
/// </summary>
public sealed class ProxyDialer(ProxyEndPoint proxy, IPAddress? bind)
{
    private volatile string? _problem;

    /// <summary>One attempt to connect to the proxy.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The proxy has its answer ready within this, its own connecting included.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public ProxyEndPoint Proxy { get; } = proxy;

    /// <summary>Why the proxy could not be used at the last attempt, as a sentence; null when it could.</summary>
    public string? Problem => _problem;

    /// <summary>A socket whose other end is the target; every byte on it goes through the proxy.</summary>
    /// <exception cref="ProxyException">There is no way.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<Socket> ConnectAsync(ProxyTarget target, CancellationToken cancellationToken)
    {
        IProxyHandshake handshake = Proxy.Kind == ProxyKind.Socks5 ? new Socks5Client(Proxy, Socks5Command.Connect, target) : new HttpConnect(Proxy, target);
        return await OpenAsync(handshake, cancellationToken);
    }

    /// <summary>Asks for a relay of datagrams.</summary>
    /// <exception cref="ProxyException">The proxy has none.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<Socks5Relay> AssociateAsync(CancellationToken cancellationToken)
    {
        if (Proxy.Kind != ProxyKind.Socks5)
            throw Fail("it relays no datagrams (only SOCKS 5 can)", isProxyFault: false);
        var any = new IPEndPoint(Proxy.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        var handshake = new Socks5Client(Proxy, Socks5Command.UdpAssociate, new ProxyTarget(any));
        Socket control = await OpenAsync(handshake, cancellationToken);
        if (handshake.Bound is not { Port: > 0 } relay)
        {
            control.Dispose();
            throw Fail("it told no address for datagrams", isProxyFault: true);
        }
        // The relay is taken to be at the proxy's own address, whatever it says: nothing goes anywhere else.
        return new Socks5Relay(control, new IPEndPoint(Proxy.Address.Address, relay.Port), bind);
    }

    private async Task<Socket> OpenAsync(IProxyHandshake handshake, CancellationToken cancellationToken)
    {
        if (handshake.Failure is { } impossible)
            throw Fail(impossible, handshake.IsProxyFault);
        Socket socket;
        try
        {
            socket = await TcpDial.ConnectAsync([Proxy.Address.Address], Proxy.Address.Port, bind, ConnectTimeout, cancellationToken);
        }
        catch (SocketException e)
        {
            throw Fail(SocketErrors.Describe(e.SocketErrorCode), isProxyFault: true);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HandshakeTimeout);
        try
        {
            await RunAsync(handshake, socket, limit.Token);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Fail(SocketErrors.Describe(e.SocketErrorCode), isProxyFault: true);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Fail("no answer in time", isProxyFault: false);
        }
        if (handshake.Failure is { } failure)
        {
            socket.Dispose();
            throw Fail(failure, handshake.IsProxyFault);
        }
        _problem = null;
        return socket;
    }

    private static async Task RunAsync(IProxyHandshake handshake, Socket socket, CancellationToken cancellationToken)
    {
        var output = new ArrayBufferWriter<byte>(512);
        byte[] input = new byte[512];
        while (true)
        {
            output.ResetWrittenCount();
            if (handshake.TryTransmit(output))
            {
                for (int sent = 0; sent < output.WrittenCount;)
                    sent += await socket.SendAsync(output.WrittenMemory[sent..], SocketFlags.None, cancellationToken);
            }
            if (handshake.BytesNeeded == 0)
                return;
            int received = await socket.ReceiveAsync(input.AsMemory(0, Math.Min(input.Length, handshake.BytesNeeded)), SocketFlags.None, cancellationToken);
            if (received == 0)
                handshake.OnEnd();
            else
                handshake.Receive(input.AsSpan(0, received));
        }
    }

    private ProxyException Fail(string reason, bool isProxyFault)
    {
        string message = $"the proxy {Proxy} cannot be used: {reason}";
        if (isProxyFault)
            _problem = $"The proxy {Proxy} cannot be used: {reason}. Nothing is sent past it.";
        return new ProxyException(isProxyFault ? message : $"through the proxy {Proxy}: {reason}", isProxyFault);
    }
}
