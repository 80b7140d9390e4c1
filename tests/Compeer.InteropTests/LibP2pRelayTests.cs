using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Hosting;

namespace Compeer.InteropTests;

/// <summary>Circuit relay v2 with js-libp2p in each of the three roles, the others ours.</summary>
public sealed class LibP2pRelayTests
{
    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(100)).Token;

    [ForeignFact(Needs.NodePackages)]
    public async Task Through_the_relay_of_js_ours_meet_and_js_meets_ours()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost relayHost = await network.AddHostAsync(), dialHost = await network.AddHostAsync();
        (_, string relay) = await LibP2pRelayPeer.RelayAsync(relayHost);
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions());
        listener.Handle("/lab/echo", (stream, token) => stream.CopyToAsync(stream, token), allowLimited: true);
        listener.Handle("/lab/bulk", (stream, token) => stream.CopyToAsync(stream, token));

        await using RelayReservation place = await RelayReservation.ReserveAsync(listener, Multiaddr.Parse(relay), _limit);
        Multiaddr address = Assert.Single(listener.Addresses).With(listener.Id);
        Assert.Equal(Multiaddr.Parse(relay).With(MultiaddrProtocol.Circuit).With(listener.Id), address);

        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions());
        HostConnection connection = await dialer.ConnectAsync(address, _limit);
        Assert.Equal((ConnectionPath.Relayed, true), (connection.Path, connection.IsLimited));
        Assert.Equal(1UL << 17, connection.Limit!.DataBytes);
        await EchoAsync(connection);
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => connection.OpenStreamAsync(["/lab/echo"], _limit));
        await Assert.ThrowsAsync<ProtocolRefusedException>(() => connection.OpenStreamAsync(["/lab/bulk"], allowLimited: true, _limit));

        JsonEvent echo = await LibP2pRelayPeer.Dial(dialHost, address.ToString()).WaitForAsync("echo", TimeSpan.FromSeconds(60));
        Assert.True(echo.Flag("equal") && echo.Flag("limited"), echo.ToString());
        Assert.Equal(2, listener.Connections.Count(c => c.Path == ConnectionPath.Relayed && c.IsIncoming));
    }

    [ForeignFact(Needs.NodePackages)]
    public async Task Through_our_relay_js_meets_js_and_ours_meet_js_within_its_limits()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost listenHost = await network.AddHostAsync(), dialHost = await network.AddHostAsync();
        await using PeerHost relay = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{LibP2pPeer.BridgeAddress(listenHost)}/tcp/0")] });
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true });
        Multiaddr relayAddress = relay.Addresses[0].With(relay.Id);

        (_, string listener) = await LibP2pRelayPeer.ListenAsync(listenHost, relayAddress.ToString());
        Assert.Equal(1, service.ReservationCount);
        JsonEvent echo = await LibP2pRelayPeer.Dial(dialHost, listener).WaitForAsync("echo", TimeSpan.FromSeconds(60));
        Assert.True(echo.Flag("equal") && echo.Flag("limited"), echo.ToString());
        Assert.True(service.RelayedBytes > 0);

        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions());
        HostConnection connection = await dialer.ConnectAsync(Multiaddr.Parse(listener), _limit);
        await EchoAsync(connection);
        // More than a circuit may carry.
        await using DuplexStream bulk = await connection.OpenStreamAsync(["/lab/echo"], allowLimited: true, _limit);
        await Assert.ThrowsAsync<StreamCutException>(async () =>
        {
            await bulk.WriteAsync(new byte[256 << 10], _limit);
            await bulk.ReadExactlyAsync(new byte[256 << 10], _limit);
        });
        await connection.Closed.WaitAsync(_limit);

        // The listener, which has a place, is reached still; whoever has none is not.
        await EchoAsync(await dialer.ConnectAsync(Multiaddr.Parse(listener), _limit));
        PeerUnreachableException refused = await Assert.ThrowsAsync<PeerUnreachableException>(
            () => dialer.ConnectAsync(relayAddress.With(MultiaddrProtocol.Circuit).With(PeerId.FromPublicKey(PrivateKey())), _limit));
        Assert.Contains("NO_RESERVATION", refused.Message, StringComparison.Ordinal);
    }

    private static PublicKey PrivateKey() => Network.SecureChannels.PrivateIdentity.Generate().PublicKey;

    private async Task EchoAsync(HostConnection connection)
    {
        byte[] data = RandomNumberGenerator.GetBytes(1000), back = new byte[1000];
        await using DuplexStream stream = await connection.OpenStreamAsync(["/lab/echo"], allowLimited: true, _limit);
        await stream.WriteAsync(data, _limit);
        await stream.ReadExactlyAsync(back, _limit);
        Assert.Equal(data, back);
    }
}
