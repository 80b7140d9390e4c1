using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>
/// Accepts incoming peers and does the handshake with each, under a deadline and bounds on how many may be undecided
/// at once, so that silent connections cannot keep real peers out.
/// </summary>
public sealed class PeerListener : IAsyncDisposable
{
    private readonly Socket _listening;
    private readonly HandshakeOptions _options;
    private readonly IncomingEncryption _encryption;
    private readonly Func<Handshake, Handshake?> _answer;
    private readonly Action<PeerStream, Handshake> _accepted;
    private readonly TaskScope _scope = new();
    private readonly LinkedList<Pending> _pending = new();

    private PeerListener(
        Socket listening, HandshakeOptions options, IncomingEncryption encryption, Func<Handshake, Handshake?> answer, Action<PeerStream, Handshake> accepted)
    {
        _listening = listening;
        _options = options;
        _encryption = encryption;
        _answer = answer;
        _accepted = accepted;
        LocalEndPoint = (IPEndPoint)listening.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port the system chose when 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Listens on <paramref name="local"/>; an any-address of IPv6 takes IPv4 too.</summary>
    /// <param name="local">Address and port; port 0 lets the system choose.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="encryption">Which of plain and encrypted starts are accepted.</param>
    /// <param name="answer">Our handshake for one that is read up to its info-hash, or null when we do not serve it. Called on any thread.</param>
    /// <param name="accepted">Takes over the stream of a peer whose handshake is complete. Called on any thread.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static PeerListener Start(
        IPEndPoint local, HandshakeOptions options, IncomingEncryption encryption, Func<Handshake, Handshake?> answer, Action<PeerStream, Handshake> accepted)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (local.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(local);
            socket.Listen(512);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        var listener = new PeerListener(socket, options, encryption, answer, accepted);
        listener._scope.TryRun(listener.AcceptLoopAsync);
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        _listening.Dispose();
        await _scope.DisposeAsync();
    }

    private async Task AcceptLoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listening.AcceptAsync(cancellationToken);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the remote gave up while queued: neither ends the listener.
                await Task.Delay(50, CancellationToken.None);
                continue;
            }
            if (TryAdmit(socket) is { } pending)
                _scope.TryRun(token => HandshakeAsync(pending, token));
            else
                socket.Dispose();
        }
    }

    private Pending? TryAdmit(Socket socket)
    {
        PeerStream stream;
        try
        {
            stream = new TcpPeerStream(socket);
        }
        catch (SocketException)
        {
            return null;
        }
        lock (_pending)
        {
            if (_pending.Count(p => p.Stream.Remote.Address.Equals(stream.Remote.Address)) >= _options.MaxPendingPerAddress)
                return null;
            if (_pending.Count >= _options.MaxPending)
                _pending.First!.Value.Deadline.Cancel();
            var pending = new Pending(stream, new CancellationTokenSource(_options.HandshakeTimeout));
            _pending.AddLast(pending);
            return pending;
        }
    }

    private async Task HandshakeAsync(Pending pending, CancellationToken cancellationToken)
    {
        (PeerStream Stream, Handshake Theirs)? peer = null;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pending.Deadline.Token);
            peer = await PeerHandshake.AcceptAsync(pending.Stream, _encryption, _answer, either.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            peer = null;
        }
        finally
        {
            lock (_pending)
            {
                _pending.Remove(pending);
                pending.Deadline.Dispose();
            }
        }
        if (peer is { } arrived)
            _accepted(arrived.Stream, arrived.Theirs);
        else
            pending.Stream.Dispose();
    }

    private sealed record Pending(PeerStream Stream, CancellationTokenSource Deadline);
}
