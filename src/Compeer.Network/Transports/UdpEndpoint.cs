using System.Net;
using Compeer.Network.Connections;

namespace Compeer.Network.Transports;

/// <summary>
/// One UDP port shared by several protocols (DHT, uTP, STUN): each datagram is shown to the receivers in the order they
/// were added until one takes it. Sending is thread-safe and never waits: what the kernel does not take is lost, as the
/// protocols on top expect of a network.
/// </summary>
public sealed class UdpEndpoint : IDatagramPath, IAsyncDisposable
{
    private const int MaxTogether = 64;
    private const int SendBufferBytes = 2 * DatagramSocketOptions.LongestBytes;

    private readonly DatagramSocket _socket;
    private readonly List<IDatagramReceiver> _receivers = [];
    private readonly TaskScope _scope = new();
    private readonly EndPointCache _endPoints = new();
    private readonly Lock _sending = new();
    private readonly DatagramBatch _batch = new(MaxTogether, SendBufferBytes);
    private bool _started;

    private UdpEndpoint(DatagramSocket socket) => _socket = socket;

    /// <summary>Where it is bound, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;

    /// <summary>Binds a port; an any-address of IPv6 takes IPv4 too.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address or port cannot be had.</exception>
    public static UdpEndpoint Bind(IPEndPoint local, DatagramSocketOptions? options = null) =>
        new(DatagramSocket.Bind(local, options ?? new DatagramSocketOptions()));

    /// <summary>Adds a receiver, asked after those added before. Only before <see cref="Start"/>.</summary>
    public void Add(IDatagramReceiver receiver)
    {
        if (_started)
            throw new InvalidOperationException("Receivers are added before the endpoint is started.");
        _receivers.Add(receiver);
    }

    /// <summary>Begins to receive. Called once.</summary>
    /// <param name="onOwnThread">On Linux a thread sleeps in the system until datagrams come and shows them itself, which saves a change of threads; not for endpoints by the thousand.</param>
    public void Start(bool onOwnThread = false)
    {
        if (_started)
            throw new InvalidOperationException("The endpoint is already started.");
        _started = true;
        // Elsewhere closing the port does not end such a sleep.
        if (onOwnThread && OperatingSystem.IsLinux())
            _scope.TryRun(_ => Task.Factory.StartNew(ReceiveOnThread, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        else
            _scope.TryRun(ReceiveLoopAsync);
    }

    public bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment = false)
    {
        lock (_sending)
        {
            _batch.Clear();
            return TryAdd(datagram, to, dontFragment) && _socket.Send(_batch) == 1;
        }
    }

    public void Send(ReadOnlySpan<byte> payloads, ReadOnlySpan<OutgoingDatagram> datagrams)
    {
        lock (_sending)
        {
            _batch.Clear();
            foreach (ref readonly OutgoingDatagram datagram in datagrams)
            {
                if (_batch.Room.Length < datagram.LengthBytes)
                    Flush();
                TryAdd(payloads[..datagram.LengthBytes], datagram.To, datagram.DontFragment);
                payloads = payloads[datagram.LengthBytes..];
            }
            Flush();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Close();
        _socket.Dispose();
        await _scope.DisposeAsync();
    }

    private bool TryAdd(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment)
    {
        if ((to.AddressFamily != LocalEndPoint.AddressFamily && !_socket.IsDualMode) || !datagram.TryCopyTo(_batch.Room))
            return false;
        SocketAddress address = _endPoints.AddressOf(to, LocalEndPoint.AddressFamily);
        _batch.Add(datagram.Length, address.Buffer.Span[..address.Size], dontFragment);
        return true;
    }

    private void Flush()
    {
        _socket.Send(_batch);
        _batch.Clear();
    }

    private async Task ReceiveLoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _socket.ReceiveAsync(cancellationToken);
                while (ShowSome())
                {
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The endpoint ends.
        }
    }

    private void ReceiveOnThread()
    {
        Thread.CurrentThread.Name = "datagrams";
        try
        {
            while (true)
            {
                if (!_socket.Receive())
                    continue;
                while (ShowSome())
                {
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The endpoint ends.
        }
    }

    /// <summary>Shows received datagrams, few enough that what they lead to is not late; false when no more are left.</summary>
    private bool ShowSome()
    {
        foreach (IDatagramReceiver receiver in _receivers)
            receiver.BeginBatch();
        int shown = 0;
        for (; shown < MaxTogether && _socket.TryTake(out ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> address); shown++)
        {
            IPEndPoint sender = _endPoints.EndPointOf(address, LocalEndPoint.AddressFamily);
            foreach (IDatagramReceiver receiver in _receivers)
            {
                if (receiver.TryReceive(datagram, sender))
                    break;
            }
        }
        foreach (IDatagramReceiver receiver in _receivers)
            receiver.EndBatch();
        return shown == MaxTogether;
    }
}
