using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.WebSockets;

namespace Compeer.Tests.Hosting;

/// <summary>Whatever carries a connection, its end is noticed at the other end: though the remote says no word, and while handshakes or sends are under way.</summary>
public sealed class LostTransportTests
{
    /// <summary>More than the systems of both ends hold back for a socket.</summary>
    private const int Streams = 64;

    /// <summary>Less than the window of a new stream.</summary>
    private static readonly byte[] Block = new byte[200 * 1024];

    [Theory]
    [InlineData("/tcp/0", SecurityProtocols.Noise, false)]
    [InlineData("/tcp/0", SecurityProtocols.Tls, true)]
    [InlineData("/tcp/0/ws", SecurityProtocols.Noise, false)]
    [InlineData("/tcp/0/ws", SecurityProtocols.Noise, true)]
    [InlineData("/tcp/0/ws", SecurityProtocols.Tls, false)]
    [InlineData("/tcp/0/tls/ws", SecurityProtocols.Noise, false)]
    [InlineData("/tcp/0/tls/ws", SecurityProtocols.Tls, true)]
    public async Task A_connection_ends_that_is_lost_while_it_sends(string transport, string security, bool isReset)
    {
        CancellationToken limit = HostPair.Deadline();
        using X509Certificate2 certificate = TransportTests.Certificate();
        var options = new PeerHostOptions { Security = [security], WebSocketCertificate = certificate, WebSocketTrust = (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString() };
        await using PeerHost listener = await PeerHost.StartAsync(options with { Listen = [Multiaddr.Parse($"/ip4/127.0.0.1{transport}")] });
        await using PeerHost dialer = await PeerHost.StartAsync(options with { Identity = Network.SecureChannels.PrivateIdentity.Generate() });
        listener.Handle("/sink", (stream, token) => stream.CopyToAsync(Stream.Null, token));
        var lost = new TaskCompletionSource<HostConnection>();
        dialer.Disconnected += lost.SetResult;

        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? at));
        using var wire = new StallingWire(at, limit);
        Multiaddr address = Multiaddr.Parse($"/ip4/127.0.0.1{transport.Replace("/0", $"/{wire.EndPoint.Port}", StringComparison.Ordinal)}");
        HostConnection connection = await dialer.ConnectAsync(address.With(listener.Id), limit);
        DuplexStream[] streams = await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => connection.OpenStreamAsync(["/sink"], limit)));
        await wire.StallAsync();
        Task[] writes = [.. streams.Select(s => s.WriteAsync(Block, limit).AsTask())];
        await SendsNoMoreAsync(writes, limit);
        if (isReset)
            wire.Reset();
        else
            wire.EndTowardsDialer();

        await connection.Closed.WaitAsync(limit);
        Assert.Same(connection, await lost.Task.WaitAsync(limit));
        Assert.Empty(dialer.Connections);
        await Assert.ThrowsAsync<StreamCutException>(() => Task.WhenAll(writes));
    }

    [Theory]
    [InlineData("/tcp/0", false)]
    [InlineData("/tcp/0/ws", false)]
    [InlineData("/tcp/0/ws", true)]
    [InlineData("/tcp/0/tls/ws", false)]
    public async Task Who_still_shakes_hands_is_hung_up_on_when_the_host_ends(string transport, bool isWebSocket)
    {
        CancellationToken limit = HostPair.Deadline();
        using X509Certificate2 certificate = TransportTests.Certificate();
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { WebSocketCertificate = certificate, Listen = [Multiaddr.Parse($"/ip4/127.0.0.1{transport}")] });
        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? at));
        using Socket socket = await RawPeer.ConnectAsync(at, "127.0.0.2", limit);
        byte[] received = new byte[4096];
        if (isWebSocket)
        {
            await socket.SendAsync(WebSocketHandshake.Request(at.ToString(), new byte[WebSocketHandshake.KeyBytes]), limit);
            Assert.True(await socket.ReceiveAsync(received, limit) > 0);
        }
        await listener.DisposeAsync();
        Assert.True(await IsHungUpOnAsync(socket, received, limit));
    }

    [Fact]
    public async Task A_connection_whose_carrier_fails_is_over_at_both_ends()
    {
        CancellationToken limit = HostPair.Deadline();
        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions());
        PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        var lost = new TaskCompletionSource<HostConnection>();
        listener.Connected += _ => throw new InvalidTimeZoneException("a defect");
        listener.Disconnected += lost.SetResult;
        HostConnection connection = await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), limit);

        await connection.Closed.WaitAsync(limit);
        Assert.True((await lost.Task.WaitAsync(limit)).Closed.IsCompleted);
        Assert.Empty(listener.Connections);
        AggregateException surfaced = await Assert.ThrowsAsync<AggregateException>(async () => await listener.DisposeAsync());
        Assert.IsType<InvalidTimeZoneException>(surfaced.InnerExceptions.Single());
    }

    private static async Task<bool> IsHungUpOnAsync(Socket socket, byte[] buffer, CancellationToken limit)
    {
        try
        {
            // A listener may have greeted already.
            while (await socket.ReceiveAsync(buffer, limit) > 0)
            {
            }
            return true;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    /// <summary>Nobody tells when a send waits. One that the end meets a little earlier must be noticed as well, so that looking a few times is enough.</summary>
    private static async Task SendsNoMoreAsync(Task[] writes, CancellationToken limit)
    {
        for ((int done, int same) = (-1, 0); same < 10; await Task.Delay(10, limit))
        {
            int now = writes.Count(w => w.IsCompleted);
            same = now == done ? same + 1 : 0;
            done = now;
        }
        Assert.Contains(writes, w => !w.IsCompleted);
    }
}
