using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Network.Transports;

/// <summary>
/// One UDP port shared by several protocols (DHT, uTP, STUN): each datagram is shown to the receivers in the order they
/// were added until one takes it. Sending is thread-safe and never waits: what the kernel does not take is lost, as the
/// protocols on top expect of a network.
/// </summary>
public sealed class UdpEndpoint : IDatagramPath, IAsyncDisposable
{
    private const int MaxDatagramBytes = 65_536;
    private const int KernelBufferBytes = 4 << 20;

    private readonly Socket _socket;
    private readonly List<IDatagramReceiver> _receivers = [];
    private readonly TaskScope _scope = new();
    private readonly EndPointCache _endPoints = new();
    private readonly Lock _sending = new();
    private bool _started;
    private bool _dontFragment;

    private UdpEndpoint(Socket socket)
    {
        _socket = socket;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where it is bound, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Binds a port; an any-address of IPv6 takes IPv4 too.</summary>
    /// <exception cref="SocketException">The address or port cannot be had.</exception>
    public static UdpEndpoint Bind(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.ReceiveBufferSize = KernelBufferBytes;
            socket.SendBufferSize = KernelBufferBytes;
            socket.Bind(local);
            socket.Blocking = false;
            return new UdpEndpoint(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Adds a receiver, asked after those added before. Only before <see cref="Start"/>.</summary>
    public void Add(IDatagramReceiver receiver)
    {
        if (_started)
            throw new InvalidOperationException("Receivers are added before the endpoint is started.");
        _receivers.Add(receiver);
    }

    /// <summary>Begins to receive. Called once.</summary>
    public void Start()
    {
        if (_started)
            throw new InvalidOperationException("The endpoint is already started.");
        _started = true;
        _scope.TryRun(ReceiveLoopAsync);
    }

    public bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment = false)
    {
        if (to.AddressFamily != LocalEndPoint.AddressFamily && !_socket.DualMode)
            return false;
        lock (_sending)
        {
            try
            {
                SetDontFragment(dontFragment);
                return _socket.SendTo(datagram, SocketFlags.None, _endPoints.AddressOf(to, LocalEndPoint.AddressFamily)) == datagram.Length;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _scope.DisposeAsync();
    }

    private void SetDontFragment(bool wanted)
    {
        if (wanted == _dontFragment)
            return;
        _dontFragment = wanted;
        Native.PathMtu.SetDontFragment(_socket, wanted);
    }

    private async Task ReceiveLoopAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxDatagramBytes, pinned: true);
        var from = new SocketAddress(LocalEndPoint.AddressFamily);
        while (!cancellationToken.IsCancellationRequested)
        {
            int length;
            try
            {
                length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, cancellationToken);
            }
            catch (SocketException)
            {
                // An ICMP error of something sent earlier; it says nothing about this port.
                continue;
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            IPEndPoint sender = _endPoints.EndPointOf(from);
            foreach (IDatagramReceiver receiver in _receivers)
            {
                if (receiver.TryReceive(buffer.AsSpan(0, length), sender))
                    break;
            }
        }
    }
}
