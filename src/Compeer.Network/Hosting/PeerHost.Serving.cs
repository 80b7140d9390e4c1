using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Network.Transports;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    /// <summary>Streams in a row for which there was no room; a connection with more is closed.</summary>
    private const int MaxRefusedStreams = 10_000;

    private readonly TransientConnections _transient;
    private readonly Meetings _meetings = new();
    private readonly HashSet<PeerId> _askedToDial = [];

    private async Task AcceptLoopAsync(Listener listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Admit(await listener.Socket.AcceptAsync(cancellationToken), listener);
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
    private void Admit(Socket socket, Listener listener)
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
        Meeting? meeting = _meetings.Of(stream.Remote.Address);
        var route = new ConnectionRoute(
            With(stream.Remote, listener.Suffix), With(stream.Local, listener.Suffix), meeting is null ? ConnectionPath.Direct : ConnectionPath.Punched, null, meeting?.Why ?? "it dialled us");
        if (Await(stream.Remote.Address) is not { } pending || !_scope.TryRun(token => SecureAsync(stream, listener, route, pending, meeting?.IsDialerWhenCalled ?? false, meeting?.Peer, token)))
            stream.Dispose();
    }

    /// <summary>Secures and carries a connection that came otherwise than over TCP; null when it is refused or fails. Owns the stream.</summary>
    internal async Task<HostConnection?> AcceptAsync(PeerStream stream, ConnectionRoute route, PeerId? expected, CancellationToken cancellationToken)
    {
        if (Await(stream.Remote.Address) is { } pending)
            return await SecureAsync(stream, null, route, pending, isDialer: false, expected, cancellationToken);
        stream.Dispose();
        return null;
    }

    /// <summary>Counts a connection that is not secured yet; null where there are too many.</summary>
    private TransientConnections.Entry? Await(IPAddress from) => _gate.MayAccept(from) ? _transient.TryEnter(from) : null;

    private async Task<HostConnection?> SecureAsync(
        PeerStream stream, Listener? listener, ConnectionRoute route, TransientConnections.Entry pending, bool isDialer, PeerId? expected, CancellationToken cancellationToken)
    {
        UpgradedStream? upgraded = null;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pending.Deadline.Token);
            // Streams fail at once when they are closed, whatever they wait for.
            await using CancellationTokenRegistration late = either.Token.UnsafeRegister(static stream => ((PeerStream)stream!).Dispose(), stream);
            PeerStream raw = listener is { IsWebSocket: true } ? await WebSocketPeerStream.AcceptAsync(stream, listener.IsTls ? ServerTls() : null, either.Token) : stream;
            upgraded = await _upgrade.RunAsync(raw, route, isDialer, expected, either.Token);
        }
        catch (Exception e) when (IsConnectionFailure(e))
        {
            // Strangers may fail as they like.
            stream.Dispose();
        }
        finally
        {
            _transient.Leave(pending);
        }
        return upgraded is null ? null : Adopt(upgraded, isIncoming: !isDialer);
    }

    private SslServerAuthenticationOptions ServerTls() => new() { ServerCertificate = Options.WebSocketCertificate };

    /// <summary>What a connection that is being made may fail by.</summary>
    private static bool IsConnectionFailure(Exception e) =>
        e is SocketException or ObjectDisposedException or OperationCanceledException or IOException or SecureChannelException or Proxies.ProxyException;

    /// <summary>Begins to carry streams; null when the host ends or the limits forbid it, and then the stream is closed.</summary>
    private HostConnection? Adopt(UpgradedStream upgraded, bool isIncoming)
    {
        ResourceScopes.PeerScope scope = _scopes.Enter(PeerId.FromPublicKey(upgraded.RemoteKey));
        var driver = new YamuxDriver(upgraded.Stream, !isIncoming, Options.Yamux, _pool, _timers, new UnreadBudget(_scopes, scope));
        var connection = new HostConnection(this, driver, upgraded, scope, isIncoming);
        if (connection.RemotePeer == Id || !_gate.TryAdd(connection))
        {
            _scopes.Leave(scope);
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
            try
            {
                Connected?.Invoke(connection);
                foreach (HostConnection surplus in _gate.Surplus())
                    surplus.Driver.Close();
                streams.TryRun(token => _identify.AskAsync(connection, token));
                await connection.Driver.RunAsync(stream => Arrive(connection, stream, streams), cancellationToken);
            }
            finally
            {
                // Whatever failed, nobody waits for a connection that is carried no more.
                connection.Driver.Dispose();
                Release(connection);
            }
        }
        _scopes.Leave(connection.Scope);
    }

    private void Release(HostConnection connection)
    {
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

    internal void OnIdentified(HostConnection connection) => Identified?.Invoke(connection);

    private void Arrive(HostConnection connection, DuplexStream stream, TaskScope streams)
    {
        stream.Connection = connection;
        if (_scopes.TryOpenStream(connection.Scope) is not { } place)
        {
            stream.Abort();
            if (++connection.Refused > MaxRefusedStreams)
                connection.Driver.Close();
            return;
        }
        connection.Refused = 0;
        if (streams.TryRun(token => ServeAsync(stream, place, token)))
            return;
        place.Dispose();
        stream.Abort();
    }

    private async Task ServeAsync(DuplexStream stream, ResourceScopes.StreamPlace place, CancellationToken cancellationToken)
    {
        using ResourceScopes.StreamPlace leaving = place;
        await using DuplexStream closing = stream;
        try
        {
            using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                deadline.CancelAfter(Options.NegotiationTimeout);
                stream.Protocol = await Negotiation.AnswerAsync(p => HandlerOf(p, stream.Connection) is not null, stream.ReadAsync, stream.WriteAsync, deadline.Token);
            }
            if (HandlerOf(stream.Protocol, stream.Connection) is { } handler && place.TryServe(stream.Protocol))
                await handler(stream, cancellationToken);
            else
                stream.Abort();
        }
        catch (Exception e)
        {
            stream.Abort();
            if (e is not (IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException))
                HandlerFailed?.Invoke(stream, e);
        }
    }

    /// <summary>From now on, or no more, a second connection with that peer is one that we asked for.</summary>
    internal void AskToDial(PeerId peer, bool isAsked)
    {
        lock (_lock)
        {
            if (isAsked)
                _askedToDial.Add(peer);
            else
                _askedToDial.Remove(peer);
        }
    }

    /// <summary>
    /// When both sides dialled at the same time, the connection stays that the peer with the smaller id dialled; both find the same one.
    /// Whoever was asked to dial us does not cross. An old connection is no such case: its peer may have started again. Nor is one over a relay: the other one may be what it was for.
    /// </summary>
    private void SettleCrossing(HostConnection connection)
    {
        lock (_lock)
        {
            if (_askedToDial.Contains(connection.RemotePeer) || !_connections.TryGetValue(connection.RemotePeer, out List<HostConnection>? all))
                return;
            bool weWin = Id.CompareTo(connection.RemotePeer) < 0;
            if (all.Find(c => c.IsIncoming != connection.IsIncoming && c.IsOpen && connection.Path == ConnectionPath.Direct && c.Path == ConnectionPath.Direct && MonotonicClock.Now - c.OpenedAt < Options.HandshakeTimeout) is { } other)
                (connection.IsIncoming == weWin ? connection : other).Driver.GoAway();
        }
    }
}
