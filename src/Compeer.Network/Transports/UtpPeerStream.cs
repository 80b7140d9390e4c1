using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.Utp;

namespace Compeer.Network.Transports;

/// <summary>A stream over uTP.</summary>
/// <remarks>Disposing still delivers in the background what was sent, for at most <see cref="UtpOptions.Linger"/>.</remarks>
public sealed class UtpPeerStream : PeerStream
{
    private readonly UtpTransport _transport;
    private readonly UtpConnection _connection;
    private readonly AsyncSignal _readable = new();
    private readonly AsyncSignal _writable = new();
    private bool _disposed;

    internal UtpPeerStream(UtpTransport transport, UtpConnection connection)
    {
        _transport = transport;
        _connection = connection;
    }

    public override IPEndPoint Remote => _connection.Remote;

    public override IPEndPoint Local => _transport.LocalEndPoint;

    public override PeerPath Path => _transport.Carrier;

    /// <summary>Counters and measures.</summary>
    public UtpStatistics Statistics
    {
        get
        {
            lock (_transport.Gate)
                return _connection.Statistics;
        }
    }

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueTask wait;
            lock (_transport.Gate)
            {
                if (_connection.ReadableBytes > 0 || _connection.IsRemoteEnded)
                    return;
                ThrowIfOver();
                wait = _readable.Arm();
            }
            await WaitAsync(_readable, wait, cancellationToken);
        }
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueTask wait;
            lock (_transport.Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                int received = _connection.Read(target.Span, MonotonicClock.Now);
                if (received > 0)
                {
                    _transport.Pump();
                    return received;
                }
                if (_connection.IsRemoteEnded)
                    return 0;
                ThrowIfOver();
                wait = _readable.Arm();
            }
            await WaitAsync(_readable, wait, cancellationToken);
        }
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueTask wait;
            lock (_transport.Gate)
            {
                ThrowIfOver();
                int sent = _connection.Write(data.Span, MonotonicClock.Now);
                if (sent > 0 || data.IsEmpty)
                {
                    _transport.Pump();
                    return sent;
                }
                wait = _writable.Arm();
            }
            await WaitAsync(_writable, wait, cancellationToken);
        }
    }

    public override void Dispose()
    {
        lock (_transport.Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _connection.Close(MonotonicClock.Now);
            Wake(UtpSignals.Readable | UtpSignals.Writable);
            _transport.Pump();
        }
    }

    internal void Wake(UtpSignals signals)
    {
        if ((signals & UtpSignals.Readable) != 0)
            _readable.Set();
        if ((signals & UtpSignals.Writable) != 0)
            _writable.Set();
    }

    internal static SocketException ErrorOf(UtpCloseReason reason) => new((int)(reason switch
    {
        UtpCloseReason.Reset => SocketError.ConnectionReset,
        UtpCloseReason.NoAnswer or UtpCloseReason.TimedOut => SocketError.TimedOut,
        UtpCloseReason.Finished => SocketError.Shutdown,
        _ => SocketError.ConnectionAborted,
    }));

    private static async ValueTask WaitAsync(AsyncSignal signal, ValueTask wait, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static (state, token) => ((AsyncSignal)state!).Cancel(token), signal);
        await wait;
    }

    private void ThrowIfOver()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_connection.Closed != UtpCloseReason.None)
            throw ErrorOf(_connection.Closed);
    }
}
