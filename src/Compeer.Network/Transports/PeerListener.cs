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
    private readonly Socket? _listening;
    private readonly HandshakeOptions _options;
    private readonly IncomingEncryption _encryption;
    private readonly Func<Handshake, Handshake?> _answer;
    private readonly Action<PeerStream, Handshake> _accepted;
    private readonly TaskScope _scope = new();
    private readonly LinkedList<Pending> _pending = new();

    private PeerListener(
        Socket? listening, HandshakeOptions options, IncomingEncryption encryption, Func<Handshake, Handshake?> answer, Action<PeerStream, Handshake> accepted)
    {
        _listening = listening;
        _options = options;
        _encryption = encryption;
        _answer = answer;
        _accepted = accepted;
    }

    /// <summary>Begins to accept.</summary>
    /// <param name="listening">A listening TCP socket, which it owns from now on; null when peers only come by <see cref="Offer"/>.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="encryption">Which of plain and encrypted starts are accepted.</param>
    /// <param name="answer">Our handshake for one that is read up to its info-hash, or null when we do not serve it. Called on any thread.</param>
    /// <param name="accepted">Takes over the stream of a peer whose handshake is complete. Called on any thread.</param>
    public static PeerListener Start(
        Socket? listening, HandshakeOptions options, IncomingEncryption encryption, Func<Handshake, Handshake?> answer, Action<PeerStream, Handshake> accepted)
    {
        var listener = new PeerListener(listening, options, encryption, answer, accepted);
        if (listening is not null)
            listener._scope.TryRun(listener.AcceptLoopAsync);
        return listener;
    }

    /// <summary>A socket that listens on <paramref name="local"/>; an any-address of IPv6 takes IPv4 too.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static Socket Listen(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (local.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(local);
            socket.Listen(512);
            Native.PortSharing.Allow(socket);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Does the handshake with a peer that came by another way than the listening socket, under the same bounds. Owns the stream.</summary>
    public void Offer(PeerStream stream)
    {
        if (TryAdmit(stream) is not { } pending || !_scope.TryRun(token => HandshakeAsync(pending, token)))
            stream.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        // In this order the loop ends by its token: a socket that vanishes under it looks like an error that passes, and it would wait.
        await _scope.DisposeAsync();
        _listening?.Dispose();
    }

    private async Task AcceptLoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listening!.AcceptAsync(cancellationToken);
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
            if (Wrap(socket) is { } stream)
                Offer(stream);
        }
    }

    /// <summary>Null when the remote has gone again already.</summary>
    private static TcpPeerStream? Wrap(Socket socket)
    {
        try
        {
            return new TcpPeerStream(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private Pending? TryAdmit(PeerStream stream)
    {
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
