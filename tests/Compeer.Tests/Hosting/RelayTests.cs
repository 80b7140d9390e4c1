using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.AutoNat;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Dcutr;
using Compeer.Network.Hosting;
using Compeer.Protocols.AutoNat;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Tests.Hosting;

/// <summary>Relays, hole punching and AutoNAT among hosts of this process.</summary>
public sealed class RelayTests
{
    private static readonly PeerHostOptions Listening = new() { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };

    [Fact]
    public async Task Peers_meet_through_a_relay_and_only_what_allows_it_runs_there()
    {
        await using PeerHost relay = await StartAsync(Listening), listener = await StartAsync(new()), dialer = await StartAsync(new());
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = p => p == listener.Id });
        listener.Handle("/small", (stream, token) => stream.CopyToAsync(stream, token), allowLimited: true);
        listener.Handle("/bulk", (stream, token) => stream.CopyToAsync(stream, token));
        await using RelayReservation place = await RelayReservation.ReserveAsync(listener, relay.Addresses[0].With(relay.Id), HostPair.Deadline());

        HostConnection connection = await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline());
        Assert.Equal((ConnectionPath.Relayed, true, listener.Id), (connection.Path, connection.IsLimited, connection.RemotePeer));
        Assert.Contains(relay.Id.ToString(), connection.Why, StringComparison.Ordinal);
        Assert.Contains("/small", (await connection.Identified)!.Protocols);
        Assert.True(await dialer.PingAsync(listener.Id, HostPair.Deadline()) > TimeSpan.Zero);
        await using DuplexStream stream = await dialer.OpenStreamAsync(listener.Id, ["/small"], allowLimited: true, HostPair.Deadline());
        await stream.WriteAsync(new byte[] { 7 }, HostPair.Deadline());
        Assert.Equal(1, await stream.ReadAsync(new byte[1], HostPair.Deadline()));
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => dialer.OpenStreamAsync(listener.Id, "/small", HostPair.Deadline()));
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => dialer.OpenStreamAsync(listener.Id, ["/bulk"], allowLimited: true, HostPair.Deadline()));
        Assert.True(service.RelayedBytes > 0);

        // Whom the relay does not serve has no place; without the relay there is no way.
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => RelayReservation.ReserveAsync(dialer, relay.Id, HostPair.Deadline()));
        await relay.DisposeAsync();
        await connection.Closed.WaitAsync(HostPair.Limit);
        while (place.IsHeld)
            await Task.Delay(10, HostPair.Deadline());
        Assert.Empty(listener.Addresses);
    }

    [Fact]
    public async Task A_place_is_kept_beyond_its_time_and_asked_for_again_when_the_connection_is_lost()
    {
        await using PeerHost relay = await StartAsync(Listening), listener = await StartAsync(new());
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true, Limits = new RelayLimits { ReservationTime = TimeSpan.FromSeconds(2) } });
        await using RelayReservation place = await RelayReservation.ReserveAsync(listener, relay.Addresses[0].With(relay.Id), HostPair.Deadline());
        DateTimeOffset start = DateTimeOffset.UtcNow;
        while (DateTimeOffset.UtcNow - start < TimeSpan.FromSeconds(3))
            await Task.Delay(50, HostPair.Deadline());
        await using PeerHost dialer = await StartAsync(new());
        Multiaddr address = relay.Addresses[0].With(relay.Id).With(MultiaddrProtocol.Circuit).With(listener.Id);
        await dialer.ConnectAsync(address, HostPair.Deadline());

        HostConnection old = listener.Connections.Single(c => c.Path == ConnectionPath.Direct);
        await old.CloseAsync();
        while (!listener.Connections.Any(c => c != old && c.Path == ConnectionPath.Direct) || !place.IsHeld || service.ReservationCount == 0)
            await Task.Delay(10, HostPair.Deadline());
    }

    [Fact]
    public async Task A_circuit_ends_when_it_has_carried_enough()
    {
        await using PeerHost relay = await StartAsync(Listening), listener = await StartAsync(new()), dialer = await StartAsync(new());
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true });
        listener.Handle("/sink", (stream, token) => stream.CopyToAsync(Stream.Null, token), allowLimited: true);
        await using RelayReservation place = await RelayReservation.ReserveAsync(listener, relay.Addresses[0].With(relay.Id), HostPair.Deadline());
        HostConnection connection = await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline());
        await using DuplexStream stream = await connection.OpenStreamAsync(["/sink"], allowLimited: true, HostPair.Deadline());
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
                await stream.WriteAsync(new byte[8 << 10], HostPair.Deadline());
        });
        await connection.Closed.WaitAsync(HostPair.Limit);
        Assert.InRange(service.RelayedBytes, 64 << 10, 2 * (128 << 10));
        while (service.CircuitCount > 0)
            await Task.Delay(10, HostPair.Deadline());
        await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline());
    }

    [Fact]
    public async Task A_relayed_connection_becomes_a_direct_one_and_the_relay_is_left()
    {
        await using PeerHost relay = await StartAsync(Listening), listener = await StartAsync(new()), dialer = await StartAsync(Listening);
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true });
        await using DcutrService ours = DcutrService.Start(listener), theirs = DcutrService.Start(dialer);
        await using RelayReservation place = await RelayReservation.ReserveAsync(listener, relay.Addresses[0].With(relay.Id), HostPair.Deadline());
        HostConnection relayed = await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline());
        await relayed.Closed.WaitAsync(HostPair.Limit);
        HostConnection direct = await dialer.ConnectAsync(listener.Id, HostPair.Deadline());
        Assert.NotEqual(ConnectionPath.Relayed, direct.Path);
        while (service.CircuitCount > 0)
            await Task.Delay(10, HostPair.Deadline());
    }

    [Fact]
    public async Task A_crowd_of_clients_takes_no_more_of_a_relay_than_its_limits_and_others_are_served()
    {
        // A thousand at night: each makes keys and a handshake.
        int crowd = Environment.GetEnvironmentVariable("COMPEER_NIGHTLY") == "1" ? 1000 : 200;
        var limits = new ConnectionLimits { MaxConnections = 2000, HighWater = 2000, LowWater = 2000, MaxPerPrefix = 2000, MaxTransientPerAddress = 256 };
        await using PeerHost relay = await StartAsync(Listening with { Limits = limits });
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true });
        await using PeerHost honest = await StartAsync(new()), friend = await StartAsync(new());
        Multiaddr at = relay.Addresses[0].With(relay.Id);
        await using RelayReservation place = await RelayReservation.ReserveAsync(honest, at, HostPair.Deadline());
        var clients = new System.Collections.Concurrent.ConcurrentBag<PeerHost>();
        int refused = 0;
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, crowd), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
            {
                PeerHost client = await StartAsync(new() { Bind = IPAddress.Parse($"127.0.1.{i % 40}"), Security = [SecurityProtocols.Noise] });
                clients.Add(client);
                HostConnection connection = await client.ConnectAsync(at, HostPair.Deadline());
                await using DuplexStream stream = await connection.OpenStreamAsync([CircuitMessage.HopProtocol], HostPair.Deadline());
                await stream.WriteMessageAsync(new CircuitMessage(CircuitMessageType.Reserve).EncodeHop(), HostPair.Deadline());
                Assert.True(CircuitMessage.TryDecodeHop(await stream.ReadMessageAsync(CircuitMessage.MaxBytes, HostPair.Deadline()), out CircuitMessage? answer));
                if (answer.Status == CircuitStatus.ReservationRefused)
                    Interlocked.Increment(ref refused);
            });
            Assert.Equal(128, service.ReservationCount);
            Assert.Equal(crowd - 127, refused);
            HostConnection connection = await friend.ConnectAsync(honest.Addresses[0].With(honest.Id), HostPair.Deadline());
            Assert.True(await friend.PingAsync(honest.Id, HostPair.Deadline()) > TimeSpan.Zero);
            Assert.Equal(ConnectionPath.Relayed, connection.Path);
        }
        finally
        {
            await Task.WhenAll(clients.Select(c => c.DisposeAsync().AsTask()));
        }
        while (service.ReservationCount > 1)
            await Task.Delay(10, HostPair.Deadline());
    }

    [Fact]
    public async Task A_host_learns_from_others_that_it_is_public()
    {
        await using PeerHost server = await StartAsync(Listening), host = await StartAsync(Listening);
        await using AutoNatServer service = await AutoNatServer.StartAsync(server, new AutoNatServerOptions { AllowPrivate = true });
        await using AutoNatService client = AutoNatService.Start(host, new AutoNatOptions { Quorum = 1, AllowPrivate = true });
        await host.ConnectAsync(server.Addresses[0].With(server.Id), HostPair.Deadline());
        while (host.Reachability != HostReachability.Public)
            await Task.Delay(10, HostPair.Deadline());
        Assert.True(service.Reached > 0);
    }

    [Fact]
    public async Task A_host_that_nobody_reaches_takes_places_at_relays()
    {
        await using PeerHost server = await StartAsync(Listening), host = await StartAsync(new());
        await using AutoNatServer service = await AutoNatServer.StartAsync(server, new AutoNatServerOptions { AllowPrivate = true });
        await using CircuitRelayService relay = CircuitRelayService.Start(server, new CircuitRelayOptions { Serves = _ => true });
        await using AutoNatService client = AutoNatService.Start(host, new AutoNatOptions { Quorum = 1, AllowPrivate = true });
        await using AutoRelayService places = AutoRelayService.Start(host);
        // A port that nobody listens at.
        host.Announce(this, [Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")]);
        await host.ConnectAsync(server.Addresses[0].With(server.Id), HostPair.Deadline());
        while (places.Relays.Count == 0)
            await Task.Delay(10, HostPair.Deadline());
        Assert.Equal(HostReachability.Private, host.Reachability);
        Assert.Contains(host.Addresses, a => a.Contains(MultiaddrProtocol.Circuit));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nobody_has_a_server_dial_into_private_networks_or_others_for_free(bool allowPrivate)
    {
        await using PeerHost server = await StartAsync(Listening), victim = await StartAsync(Listening with { Listen = [Multiaddr.Parse("/ip4/127.0.0.9/tcp/0")] }), attacker = await StartAsync(new());
        await using AutoNatServer service = await AutoNatServer.StartAsync(server, new AutoNatServerOptions { AllowPrivate = allowPrivate });
        HostConnection connection = await attacker.ConnectAsync(server.Addresses[0].With(server.Id), HostPair.Deadline());
        int came = 0;
        victim.Connected += _ => Interlocked.Increment(ref came);
        for (int i = 0; i < 30; i++)
        {
            await using DuplexStream v2 = await connection.OpenStreamAsync([AutoNatV2Message.RequestProtocol], HostPair.Deadline());
            await v2.WriteMessageAsync(new AutoNatV2Message.DialRequest([victim.Addresses[0]], 1).Encode(), HostPair.Deadline());
            Assert.True(AutoNatV2Message.TryDecode(await v2.ReadMessageAsync(8192, HostPair.Deadline()), out AutoNatV2Message? answer));
            if (!allowPrivate)
                Assert.Equal(AutoNatV2Status.DialRefused, Assert.IsType<AutoNatV2Message.DialResponse>(answer).Status);
            else if (i < 12)
                Assert.InRange(Assert.IsType<AutoNatV2Message.DialDataRequest>(answer).Bytes, 30_000, 100_000);
            else
                Assert.Equal(AutoNatV2Status.RequestRejected, Assert.IsType<AutoNatV2Message.DialResponse>(answer).Status);
            await using DuplexStream v1 = await connection.OpenStreamAsync([AutoNatV1Message.Protocol], HostPair.Deadline());
            await v1.WriteMessageAsync(new AutoNatV1Message.Dial(attacker.Id, [victim.Addresses[0]]).Encode(), HostPair.Deadline());
            Assert.True(AutoNatV1Message.TryDecode(await v1.ReadMessageAsync(8192, HostPair.Deadline()), out AutoNatV1Message? old));
            Assert.Equal(AutoNatV1Status.DialRefused, Assert.IsType<AutoNatV1Message.Response>(old).Status);
        }
        Assert.Equal((0L, 0), (service.Dials, came));
    }

    private static Task<PeerHost> StartAsync(PeerHostOptions options) => PeerHost.StartAsync(options with { Identity = Network.SecureChannels.PrivateIdentity.Generate() });
}
