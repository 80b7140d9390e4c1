using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.MultistreamSelect;
using Compeer.Protocols.PrivateNetworks;
using Compeer.Protocols.WebSockets;

namespace Compeer.Tests.Hosting;

/// <summary>The same streams over every transport.</summary>
public sealed class TransportTests
{
    private static readonly string[] Both = [SecurityProtocols.Noise, SecurityProtocols.Tls];

    [Theory]
    [InlineData("/ip4/127.0.0.1/tcp/0/ws", SecurityProtocols.Noise)]
    [InlineData("/ip4/127.0.0.1/tcp/0/ws", SecurityProtocols.Tls)]
    [InlineData("/ip6/::1/tcp/0/ws", SecurityProtocols.Noise)]
    [InlineData("/ip4/127.0.0.1/tcp/0/tls/ws", SecurityProtocols.Noise)]
    [InlineData("/ip4/127.0.0.1/tcp/0/wss", SecurityProtocols.Tls)]
    public async Task Streams_pass_over_WebSockets(string listen, string security)
    {
        using X509Certificate2 certificate = Certificate();
        var options = new PeerHostOptions { Security = [security], WebSocketCertificate = certificate, WebSocketTrust = (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString() };
        await using PeerHost listener = await PeerHost.StartAsync(options with { Listen = [Multiaddr.Parse(listen)] });
        await using PeerHost dialer = await PeerHost.StartAsync(options with { Identity = Network.SecureChannels.PrivateIdentity.Generate() });
        listener.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));

        HostConnection connection = await dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline());
        Assert.Contains(MultiaddrProtocol.Ws, connection.RemoteAddress.Protocols);
        byte[] data = RandomNumberGenerator.GetBytes(3 << 20), back = new byte[data.Length];
        await using DuplexStream stream = await connection.OpenStreamAsync(["/echo"], HostPair.Deadline());
        Task write = stream.WriteAsync(data, HostPair.Deadline()).AsTask();
        await stream.ReadExactlyAsync(back, HostPair.Deadline());
        await write;
        Assert.Equal(data, back);
        await listener.DisposeAsync();
        await connection.Closed.WaitAsync(HostPair.Limit);
    }

    [Fact]
    public async Task What_comes_right_behind_the_request_is_not_lost()
    {
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0/ws")] });
        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? at));
        using Socket socket = await RawPeer.ConnectAsync(at, "127.0.0.2", HostPair.Deadline());
        byte[] greeting = new NegotiationDialer(["/noise"]).TakeOutput();
        // A masked binary frame, whose mask changes nothing.
        byte[] frame = [0x82, (byte)(0x80 | greeting.Length), 0, 0, 0, 0, .. greeting];
        await socket.SendAsync((byte[])[.. WebSocketHandshake.Request(at.ToString(), new byte[16]), .. frame], HostPair.Deadline());
        byte[] received = new byte[4096];
        for (int length = 0; !received.AsSpan(0, length).EndsWith("/noise\n"u8);)
        {
            int more = await socket.ReceiveAsync(received.AsMemory(length), HostPair.Deadline());
            Assert.True(more > 0);
            length += more;
        }
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused()
    {
        using X509Certificate2 certificate = Certificate();
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { WebSocketCertificate = certificate, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0/tls/ws")] });
        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions());
        PeerUnreachableException refused = await Assert.ThrowsAsync<PeerUnreachableException>(() => dialer.ConnectAsync(listener.Addresses[0].With(listener.Id), HostPair.Deadline()));
        Assert.Contains("TLS for the WebSocket failed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_looked_up()
    {
        await using PeerHost listener = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        await using PeerHost dialer = await PeerHost.StartAsync(new PeerHostOptions());
        Assert.True(listener.Addresses[0].TryGetTcp(out IPEndPoint? at));
        HostConnection connection = await dialer.ConnectAsync(Multiaddr.Parse($"/dns4/localhost/tcp/{at.Port}").With(listener.Id), HostPair.Deadline());
        Assert.Equal(listener.Id, connection.RemotePeer);
    }

    [Fact]
    public async Task Members_of_a_private_network_meet_and_nobody_else_gets_in()
    {
        PreSharedKey key = PreSharedKey.FromBytes(RandomNumberGenerator.GetBytes(32));
        var options = new PeerHostOptions { HandshakeTimeout = TimeSpan.FromSeconds(2) };
        await using PeerHost member = await PeerHost.StartAsync(options with { PrivateNetwork = key, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0"), Multiaddr.Parse("/ip4/127.0.0.1/tcp/0/ws")] });
        PreSharedKey?[] keys = [null, PreSharedKey.FromBytes(RandomNumberGenerator.GetBytes(32)), key];
        foreach (PreSharedKey? other in keys)
        {
            foreach (Multiaddr address in member.Addresses)
            {
                await using PeerHost stranger = await PeerHost.StartAsync(options with { Identity = Network.SecureChannels.PrivateIdentity.Generate(), PrivateNetwork = other, Security = Both });
                Task<HostConnection> dial = stranger.ConnectAsync(address.With(member.Id), HostPair.Deadline());
                if (other == key)
                    Assert.Equal(member.Id, (await dial).RemotePeer);
                else
                    await Assert.ThrowsAsync<PeerUnreachableException>(() => dial);
            }
        }
    }

    internal static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=lab", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }
}
