using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Network.CircuitRelay;

/// <summary>
/// Makes a host a relay: gives places to those whom its options name, and carries circuits to them within the limits. What passes is
/// encrypted between the ends. Thread-safe.
/// Spec: libp2p/specs relay/circuit-v2.md, "Hop Protocol".
/// </summary>
public sealed class CircuitRelayService : IAsyncDisposable
{
    private const int BufferBytes = 4096;

    /// <summary>A message has 4 KiB.</summary>
    private const int MaxToldAddresses = 16;

    private readonly PeerHost _host;
    private readonly CircuitRelayOptions _options;
    private readonly RelayTable _table;
    private readonly Lock _lock = new();
    private long _relayedBytes;

    private CircuitRelayService(PeerHost host, CircuitRelayOptions options)
    {
        _host = host;
        _options = options;
        _table = new RelayTable(options.Limits);
    }

    /// <summary>Peers that have a place.</summary>
    public int ReservationCount
    {
        get
        {
            lock (_lock)
                return _table.ReservationCount;
        }
    }

    /// <summary>Circuits that are open.</summary>
    public int CircuitCount
    {
        get
        {
            lock (_lock)
                return _table.CircuitCount;
        }
    }

    /// <summary>Bytes of circuits that were passed on so far, both directions.</summary>
    public long RelayedBytes => Interlocked.Read(ref _relayedBytes);

    /// <summary>Begins to serve.</summary>
    public static CircuitRelayService Start(PeerHost host, CircuitRelayOptions options)
    {
        var service = new CircuitRelayService(host, options);
        host.Disconnected += service.OnDisconnected;
        host.Handle(CircuitMessage.HopProtocol, service.AnswerAsync, allowLimited: true);
        return service;
    }

    /// <summary>Gives no more places and circuits; those that are open go on until the host ends.</summary>
    public ValueTask DisposeAsync()
    {
        _host.Unhandle(CircuitMessage.HopProtocol);
        _host.Disconnected -= OnDisconnected;
        return ValueTask.CompletedTask;
    }

    private void OnDisconnected(HostConnection connection)
    {
        if (_host.Connections.Any(c => c.RemotePeer == connection.RemotePeer && c.Path != ConnectionPath.Relayed))
            return;
        lock (_lock)
            _table.Release(connection.RemotePeer);
        _host.Protect(connection.RemotePeer, isProtected: false);
    }

    private async Task AnswerAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_host.Options.NegotiationTimeout);
        byte[] bytes = await stream.ReadMessageAsync(CircuitMessage.MaxBytes, deadline.Token) ?? [];
        if (!CircuitMessage.TryDecodeHop(bytes, out CircuitMessage? asked))
            await RefuseAsync(stream, CircuitStatus.MalformedMessage, deadline.Token);
        else if (asked.Type == CircuitMessageType.Reserve)
            await ReserveAsync(stream, deadline.Token);
        else if (asked is { Type: CircuitMessageType.Connect, Peer: { } target })
            await ConnectAsync(stream, target, deadline.Token, cancellationToken);
        else
            await RefuseAsync(stream, CircuitStatus.UnexpectedMessage, deadline.Token);
    }

    private static async Task RefuseAsync(DuplexStream stream, CircuitStatus status, CancellationToken cancellationToken) =>
        await stream.WriteMessageAsync(CircuitMessage.Of(status).EncodeHop(), cancellationToken);

    private async Task ReserveAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        PeerId peer = stream.RemotePeer;
        CircuitStatus status = CircuitStatus.PermissionDenied;
        if (_options.Serves(peer))
        {
            lock (_lock)
                status = _table.TryReserve(peer, AddressOf(stream.Connection), stream.Connection.Path == ConnectionPath.Relayed, MonotonicClock.Now);
        }
        if (status != CircuitStatus.Ok)
        {
            await RefuseAsync(stream, status, cancellationToken);
            return;
        }
        _host.Protect(peer);
        ulong expires = (ulong)(DateTimeOffset.UtcNow + _options.Limits.ReservationTime).ToUnixTimeSeconds();
        Multiaddr[] addresses = [.. _host.Addresses.Where(a => !a.Contains(MultiaddrProtocol.Circuit)).Take(MaxToldAddresses).Select(a => a.With(_host.Id))];
        await stream.WriteMessageAsync(
            new CircuitMessage(CircuitMessageType.Status)
            {
                Status = CircuitStatus.Ok,
                Limit = _options.Limits.Limit,
                Reservation = new CircuitReservation(expires, addresses, ReservationVoucher.Seal(_host.Options.Identity, peer, expires).Bytes.ToArray()),
            }.EncodeHop(),
            cancellationToken);
    }

    private async Task ConnectAsync(DuplexStream stream, PeerId target, CancellationToken negotiating, CancellationToken cancellationToken)
    {
        CircuitStatus status;
        lock (_lock)
            status = _table.TryOpen(stream.RemotePeer, target, stream.Connection.Path == ConnectionPath.Relayed, MonotonicClock.Now);
        if (status != CircuitStatus.Ok)
        {
            await RefuseAsync(stream, status, negotiating);
            return;
        }
        try
        {
            DuplexStream? there = await ReachAsync(stream.RemotePeer, target, negotiating);
            if (there is null)
            {
                await RefuseAsync(stream, CircuitStatus.ConnectionFailed, negotiating);
                return;
            }
            await using (there)
            {
                await stream.WriteMessageAsync((CircuitMessage.Of(CircuitStatus.Ok) with { Limit = _options.Limits.Limit }).EncodeHop(), negotiating);
                await CarryAsync(stream, there, cancellationToken);
            }
        }
        finally
        {
            lock (_lock)
                _table.Close(stream.RemotePeer, target);
        }
    }

    /// <summary>A stream that the target has taken as a circuit; null where it is gone or does not want it.</summary>
    private async Task<DuplexStream?> ReachAsync(PeerId from, PeerId target, CancellationToken cancellationToken)
    {
        if (_host.Connections.FirstOrDefault(c => c.RemotePeer == target && c.IsOpen && c.Path != ConnectionPath.Relayed) is not { } connection)
            return null;
        DuplexStream? stream = null;
        try
        {
            stream = await connection.OpenStreamAsync([CircuitMessage.StopProtocol], cancellationToken);
            await stream.WriteMessageAsync(new CircuitMessage(CircuitMessageType.Connect) { Peer = from, Limit = _options.Limits.Limit }.EncodeStop(), cancellationToken);
            byte[] bytes = await stream.ReadMessageAsync(CircuitMessage.MaxBytes, cancellationToken) ?? [];
            if (CircuitMessage.TryDecodeStop(bytes, out CircuitMessage? answer) && answer is { Type: CircuitMessageType.Status, Status: CircuitStatus.Ok })
                return stream;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // The target does not take it: the asker is told so.
        }
        stream?.Abort();
        stream?.Dispose();
        return null;
    }

    /// <summary>Passes bytes on, both ways, until both have ended, one is cut, or a limit is reached: then both are reset.</summary>
    private async Task CarryAsync(DuplexStream here, DuplexStream there, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_options.Limits.CircuitTime > TimeSpan.Zero)
            limit.CancelAfter(_options.Limits.CircuitTime);
        try
        {
            Task[] ways = [PassAsync(here, there, limit), PassAsync(there, here, limit)];
            await Task.WhenAll(ways);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            here.Abort();
            there.Abort();
        }
    }

    /// <summary>One direction; when it fails, the other one ends too.</summary>
    private async Task PassAsync(DuplexStream from, DuplexStream to, CancellationTokenSource limit)
    {
        try
        {
            byte[] buffer = new byte[BufferBytes];
            ulong passed = 0;
            int read;
            while ((read = await from.ReadAsync(buffer, limit.Token)) > 0)
            {
                passed += (ulong)read;
                if (_options.Limits.CircuitBytes is > 0 and var most && passed > most)
                    throw new IOException("The circuit has carried all that it may.");
                await to.WriteAsync(buffer.AsMemory(0, read), limit.Token);
                Interlocked.Add(ref _relayedBytes, read);
            }
            to.CompleteWrites();
        }
        catch
        {
            await limit.CancelAsync();
            throw;
        }
    }

    private static IPAddress AddressOf(HostConnection connection) => connection.RemoteAddress.TryGetTcp(out IPEndPoint? remote) ? remote.Address : IPAddress.None;
}
