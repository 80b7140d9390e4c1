using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Native;

namespace Compeer.Network.Transports;

/// <summary>
/// A bound UDP socket that receives and sends many datagrams by one call where the system can, and one by one elsewhere.
/// One receiver and one sender at a time; a datagram costs no allocation. What the system does not take is lost.
/// </summary>
public sealed class DatagramSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly IDatagramCalls _calls;
    private readonly int _slots;
    private int _filled;
    private int _slot;
    private int _offset;
    private volatile bool _isClosing;

    private DatagramSocket(Socket socket, DatagramSocketOptions options)
    {
        _socket = socket;
        _slots = options.Slots;
        _calls = options.UseBatchCalls && LinuxDatagrams.IsSupported ? new LinuxDatagrams(socket, options) : new ManagedDatagrams(socket, options);
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        IsDualMode = socket.AddressFamily == AddressFamily.InterNetworkV6 && socket.DualMode;
    }

    /// <summary>Where it is bound, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>It is of IPv6 and takes IPv4 too.</summary>
    public bool IsDualMode { get; }

    /// <summary>Binds a port; an any-address of IPv6 takes IPv4 too.</summary>
    /// <exception cref="SocketException">The address or port cannot be had.</exception>
    public static DatagramSocket Bind(IPEndPoint local, DatagramSocketOptions options)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = local.Address.Equals(IPAddress.IPv6Any);
            socket.ReceiveBufferSize = options.KernelBufferBytes;
            socket.SendBufferSize = options.KernelBufferBytes;
            socket.Bind(local);
            socket.Blocking = false;
            return new DatagramSocket(socket, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Receives what is there; <see cref="TryTake"/> then gives one datagram after the other. False when nothing is.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public bool TryReceive()
    {
        _slot = _offset = 0;
        return (_filled = _calls.Receive()) > 0;
    }

    /// <summary>Waits for the first datagram, and receives what is there.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReceiveAsync(CancellationToken cancellationToken)
    {
        // Slots left empty say that nothing more was there.
        bool mayBeMore = _filled == _slots;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (mayBeMore && TryReceive())
                return;
            mayBeMore = true;
            try
            {
                await _calls.WaitAsync(cancellationToken);
            }
            catch (SocketException)
            {
                // An ICMP error of something sent earlier; it says nothing about this port.
            }
        }
    }

    /// <summary>Has this thread sleep until something is there, and receives it: one change of threads for each batch where <see cref="ReceiveAsync"/> has two. False at times when nothing is.</summary>
    /// <exception cref="ObjectDisposedException">The socket was closed by <see cref="Close"/>.</exception>
    public bool Receive()
    {
        ObjectDisposedException.ThrowIf(_isClosing, this);
        // Slots left empty say that nothing more was there.
        if (_filled == _slots && TryReceive())
            return true;
        try
        {
            _socket.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            // An ICMP error of something sent earlier; it says nothing about this port.
        }
        ObjectDisposedException.ThrowIf(_isClosing, this);
        return TryReceive();
    }

    /// <summary>The next of the received datagrams and its sender in the system's form; both are valid until the next receive.</summary>
    public bool TryTake(out ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> address)
    {
        for (; _slot < _filled; _slot++, _offset = 0)
        {
            ReadOnlySpan<byte> train = _calls.Received(_slot, out address, out int segmentBytes);
            if (address.IsEmpty || (_offset > 0 && _offset >= train.Length))
                continue;
            datagram = train.Slice(_offset, Math.Min(segmentBytes, train.Length - _offset));
            // An empty datagram is one too.
            _offset += Math.Max(1, datagram.Length);
            return true;
        }
        datagram = address = default;
        return false;
    }

    /// <summary>Sends without waiting; gives how many datagrams the system took. The batch is left as it is.</summary>
    public int Send(DatagramBatch batch)
    {
        try
        {
            return _calls.Send(batch);
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Ends <see cref="Receive"/> on whatever thread it is; the socket is still to be disposed.</summary>
    public void Close()
    {
        _isClosing = true;
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was never connected, which the system says after it has woken who waits.
        }
    }

    public void Dispose() => _socket.Dispose();
}
