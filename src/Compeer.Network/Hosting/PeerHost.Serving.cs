using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    private readonly LinkedList<Pending> _pending = new();

    private async Task AcceptLoopAsync(Socket listening, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Admit(await listening.AcceptAsync(cancellationToken));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the remote gave up while queued: neither ends the listener.
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    /// <summary>Begins the handshake, unless too many of that address are under way; the oldest of all gives way.</summary>
    private void Admit(Socket socket)
    {
        TcpPeerStream stream;
        try
        {
            stream = new TcpPeerStream(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return;
        }
        IPAddress from = stream.Remote.Address;
        Pending? pending = null;
        if (_gate.MayAccept(from))
        {
            lock (_pending)
            {
                if (_pending.Count(p => p.From.Equals(from)) < Options.MaxPendingPerAddress)
                {
                    if (_pending.Count >= Options.MaxPending)
                        EvictOldest();
                    _pending.AddLast(pending = new Pending(from, new CancellationTokenSource(Options.HandshakeTimeout)));
                }
            }
        }
        if (pending is null || !_scope.TryRun(token => SecureAsync(stream, pending, token)))
            stream.Dispose();
    }

    /// <summary>It leaves the list at once, so that the next one that comes evicts another. Under the lock of the list.</summary>
    private void EvictOldest()
    {
        Pending oldest = _pending.First!.Value;
        _pending.RemoveFirst();
        oldest.Deadline.Cancel();
    }

    private async Task SecureAsync(TcpPeerStream stream, Pending pending, CancellationToken cancellationToken)
    {
        UpgradedStream? upgraded = null;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pending.Deadline.Token);
            upgraded = await _upgrade.RunAsync(stream, isDialer: false, expected: null, either.Token);
        }
        catch (Exception e) when (IsConnectionFailure(e))
        {
            // Strangers may fail as they like.
        }
        finally
        {
            lock (_pending)
            {
                _pending.Remove(pending);
                pending.Deadline.Dispose();
            }
        }
        if (upgraded is not null)
            Adopt(upgraded, isIncoming: true);
    }

    /// <summary>What a connection that is being made may fail by.</summary>
    private static bool IsConnectionFailure(Exception e) =>
        e is SocketException or ObjectDisposedException or OperationCanceledException or IOException or SecureChannelException or Proxies.ProxyException;

    /// <summary>Begins to carry streams; null when the host ends or the limits forbid it, and then the stream is closed.</summary>
    private HostConnection? Adopt(UpgradedStream upgraded, bool isIncoming)
    {
        var driver = new YamuxDriver(upgraded.Stream, !isIncoming, Options.Yamux, _pool, _timers, _unread);
        var connection = new HostConnection(this, driver, upgraded, isIncoming);
        if (connection.RemotePeer == Id || !_gate.TryAdd(connection))
        {
            driver.Dispose();
            return null;
        }
        lock (_lock)
        {
            if (!_connections.TryGetValue(connection.RemotePeer, out List<HostConnection>? all))
                _connections[connection.RemotePeer] = all = [];
            all.Add(connection);
        }
        if (_scope.TryRun(token => RunAsync(connection, token)))
            return connection;
        driver.Dispose();
        return null;
    }

    private async Task RunAsync(HostConnection connection, CancellationToken cancellationToken)
    {
        SettleCrossing(connection);
        await using (var streams = new TaskScope())
        {
            Connected?.Invoke(connection);
            foreach (HostConnection surplus in _gate.Surplus())
                surplus.Driver.Close();
            streams.TryRun(token => _identify.AskAsync(connection, token));
            await connection.Driver.RunAsync(stream => Arrive(connection, stream, streams), cancellationToken);
            lock (_lock)
            {
                List<HostConnection> all = _connections[connection.RemotePeer];
                all.Remove(connection);
                if (all.Count == 0)
                    _connections.Remove(connection.RemotePeer);
            }
            _gate.Remove(connection);
            connection.OnClosed();
            Disconnected?.Invoke(connection);
        }
    }

    private void Arrive(HostConnection connection, DuplexStream stream, TaskScope streams)
    {
        stream.Connection = connection;
        if (!streams.TryRun(token => ServeAsync(stream, token)))
            stream.Abort();
    }

    private async Task ServeAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        await using DuplexStream closing = stream;
        try
        {
            using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                deadline.CancelAfter(Options.NegotiationTimeout);
                stream.Protocol = await Negotiation.AnswerAsync(p => HandlerOf(p) is not null, stream.ReadAsync, stream.WriteAsync, deadline.Token);
            }
            await ServeAsync(stream, stream.Protocol, cancellationToken);
        }
        catch (Exception e)
        {
            stream.Abort();
            if (e is not (IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException))
                HandlerFailed?.Invoke(stream, e);
        }
    }

    private async Task ServeAsync(DuplexStream stream, string protocol, CancellationToken cancellationToken)
    {
        if (HandlerOf(protocol) is not { } handler || !_served.TryEnter(protocol, stream.RemotePeer))
        {
            stream.Abort();
            return;
        }
        try
        {
            await handler(stream, cancellationToken);
        }
        finally
        {
            _served.Leave(protocol, stream.RemotePeer);
        }
    }

    /// <summary>
    /// When both sides dialled at the same time, the connection stays that the peer with the smaller id dialled; both find the same one.
    /// An old connection is no such case: its peer may have started again.
    /// </summary>
    private void SettleCrossing(HostConnection connection)
    {
        lock (_lock)
        {
            if (!_connections.TryGetValue(connection.RemotePeer, out List<HostConnection>? all))
                return;
            bool weWin = Id.CompareTo(connection.RemotePeer) < 0;
            if (all.Find(c => c.IsIncoming != connection.IsIncoming && c.IsOpen && MonotonicClock.Now - c.OpenedAt < Options.HandshakeTimeout) is { } other)
                (connection.IsIncoming == weWin ? connection : other).Driver.GoAway();
        }
    }

    private sealed record Pending(IPAddress From, CancellationTokenSource Deadline);
}
