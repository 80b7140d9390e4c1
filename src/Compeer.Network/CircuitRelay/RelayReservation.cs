using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.CircuitRelay;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.CircuitRelay;

/// <summary>
/// A place that a host has at a relay, so that peers reach it through there: refreshed before it ends, and announced while it is held. When
/// the relay is gone, it is tried again, less and less often. Thread-safe.
/// <code>
/// await using RelayReservation place = await RelayReservation.ReserveAsync(host, Multiaddr.Parse("/ip4/203.0.113.1/tcp/4001/p2p/12D3Koo..."));
/// </code>
/// Spec: libp2p/specs relay/circuit-v2.md, "Reservation".
/// </summary>
public sealed class RelayReservation : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly PeerHost _host;
    private readonly TaskScope _scope = new();
    private volatile bool _isHeld;

    private RelayReservation(PeerHost host, PeerId relay)
    {
        _host = host;
        Relay = relay;
    }

    /// <summary>The relay.</summary>
    public PeerId Relay { get; }

    /// <summary>Whether peers reach the host there now, as far as is known.</summary>
    public bool IsHeld => _isHeld;

    /// <summary>Asks for a place at the relay that an address names at its end; returns when it is held.</summary>
    /// <exception cref="IOException">The relay is not reached, or refuses; the message says why.</exception>
    public static Task<RelayReservation> ReserveAsync(PeerHost host, Multiaddr relay, CancellationToken cancellationToken = default)
    {
        if (relay.PeerId is not { } peer)
            throw new ArgumentException("The address of a relay names it at its end: /ip4/203.0.113.1/tcp/4001/p2p/ID.", nameof(relay));
        host.AddAddresses(peer, [relay]);
        return ReserveAsync(host, peer, cancellationToken);
    }

    /// <summary>The same at a relay whose addresses are known.</summary>
    public static async Task<RelayReservation> ReserveAsync(PeerHost host, PeerId relay, CancellationToken cancellationToken = default)
    {
        var place = new RelayReservation(host, relay);
        (HostConnection connection, TimeSpan refresh) = await place.AskAsync(cancellationToken);
        place._scope.TryRun(token => place.KeepAsync(connection, refresh, token));
        return place;
    }

    /// <summary>Announces the relay no more and lets the place run out.</summary>
    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        Lose();
        _host.Protect(Relay, isProtected: false);
    }

    /// <summary>One request; the connection that holds the place, and after what time it is to be refreshed.</summary>
    private async Task<(HostConnection Connection, TimeSpan Refresh)> AskAsync(CancellationToken cancellationToken)
    {
        HostConnection connection = await _host.ConnectAsync(Relay, cancellationToken);
        if (connection.Path == ConnectionPath.Relayed)
            throw new PeerUnreachableException($"{Relay} is reached through another relay only, and no place is given there.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_host.Options.NegotiationTimeout);
        await using DuplexStream stream = await connection.OpenStreamAsync([CircuitMessage.HopProtocol], deadline.Token);
        await stream.WriteMessageAsync(new CircuitMessage(CircuitMessageType.Reserve).EncodeHop(), deadline.Token);
        byte[] bytes = await stream.ReadMessageAsync(CircuitMessage.MaxBytes, deadline.Token) ?? [];
        if (!CircuitMessage.TryDecodeHop(bytes, out CircuitMessage? answer) || answer.Type != CircuitMessageType.Status)
            throw new ProtocolRefusedException($"The relay {Relay} does not answer as it should.");
        if (answer.Status != CircuitStatus.Ok || answer.Reservation is not { } given)
            throw new ProtocolRefusedException($"The relay {Relay} answers {CircuitStatuses.NameOf(answer.Status)}.");
        if (!given.Voucher.IsEmpty && !(ReservationVoucher.TryOpen(given.Voucher.Span, OpenSslKeys.Instance, out ReservationVoucher? voucher) && voucher.Relay == Relay && voucher.Peer == _host.Id))
            throw new ProtocolRefusedException($"The relay {Relay} gives a voucher that is not its own, or not for us.");
        double left = given.Expires - (double)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        if (left <= 0)
            throw new ProtocolRefusedException($"The relay {Relay} gives a place that is over already.");
        _host.Protect(Relay);
        _isHeld = true;
        _host.Announce(this, [.. AddressesOf(connection, given).Select(a => a.With(Relay).With(MultiaddrProtocol.Circuit))]);
        return (connection, TimeSpan.FromSeconds(Math.Clamp(left * 3 / 4, 1, 24 * 3600)));
    }

    /// <summary>Where others find the relay: what it says, as far as it reaches as far as the connection, else where we found it.</summary>
    private IEnumerable<Multiaddr> AddressesOf(HostConnection connection, CircuitReservation given)
    {
        Multiaddr[] told = [.. given.Addresses.Where(a => (a.PeerId ?? Relay) == Relay && !a.Contains(MultiaddrProtocol.Circuit) && AddressReaches.OfTcp(a) >= AddressReaches.OfTcp(connection.RemoteAddress))];
        return told.Length > 0 ? told.Take(8) : [connection.RemoteAddress];
    }

    private async Task KeepAsync(HostConnection connection, TimeSpan refresh, CancellationToken cancellationToken)
    {
        TimeSpan pause = ShortestPause;
        try
        {
            while (true)
            {
                if (_isHeld)
                    await Task.WhenAny(connection.Closed, Task.Delay(refresh, cancellationToken));
                else
                    await Task.Delay(pause, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                if (!connection.IsOpen)
                    Lose();
                try
                {
                    (connection, refresh) = await AskAsync(cancellationToken);
                    pause = ShortestPause;
                }
                catch (Exception e) when (e is IOException or InvalidDataException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
                {
                    Lose();
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Given up.
        }
    }

    private void Lose()
    {
        _isHeld = false;
        _host.Announce(this, []);
    }
}
