using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.SecureChannels;

[SuppressMessage("Security", "CA5359", Justification = "The attacker takes any certificate; ours is the side that judges.")]
public abstract class TlsChannelTests(bool usesSslStream)
{
    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();
    private static readonly PrivateIdentity Bob = PrivateIdentity.Generate();

    private TlsChannel Channel(PrivateIdentity identity, params string[] muxers) => new(identity, OpenSslKeys.Instance, muxers, usesSslStream);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1_000_003, 300_000)]
    public async Task Bytes_pass_unchanged(int length, int chunk)
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        (object left, object right) = await pair.SecureAsync(Channel(Alice, "/yamux/1.0.0"), Channel(Bob, "/yamux/1.0.0"), Bob.PeerId);
        var dialled = Assert.IsType<SecuredConnection>(left);
        var accepted = Assert.IsType<SecuredConnection>(right);
        Assert.Equal((Bob.PublicKey, "/yamux/1.0.0"), (dialled.RemoteKey, dialled.Muxer));
        Assert.Equal((Alice.PublicKey, "/yamux/1.0.0"), (accepted.RemoteKey, accepted.Muxer));

        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        Task sending = ChannelPair.SendAllAsync(pair.Dialler, data);
        Task answering = ChannelPair.SendAllAsync(pair.Listener, data);
        Task<byte[]> answered = ChannelPair.ReceiveAllAsync(pair.Dialler, length, chunk);
        Assert.Equal(data, await ChannelPair.ReceiveAllAsync(pair.Listener, length, chunk));
        Assert.Equal(data, await answered);
        await sending;
        await answering;
        pair.Dialler.Dispose();
        Assert.Equal(0, await pair.Listener.ReceiveAsync(new byte[10], default));
    }

    [Theory]
    [InlineData("a b", "b a", "b")]
    [InlineData("x b", "a b", "b")]
    [InlineData("a", "b", null)]
    [InlineData("", "", null)]
    public async Task The_muxer_is_the_first_of_the_listener_that_both_have(string ours, string theirs, string? muxer)
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        (object left, object right) = await pair.SecureAsync(
            Channel(Alice, ours.Split(' ', StringSplitOptions.RemoveEmptyEntries)), Channel(Bob, theirs.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal((muxer, muxer), (Assert.IsType<SecuredConnection>(left).Muxer, Assert.IsType<SecuredConnection>(right).Muxer));
    }

    [Fact]
    public async Task Another_peer_than_the_dialled_one_is_refused()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        (object left, object right) = await pair.SecureAsync(Channel(Alice), Channel(Bob), Alice.PeerId);
        Assert.Contains("not " + Alice.PeerId, Assert.IsType<SecureChannelException>(left).Message, StringComparison.Ordinal);
        // The listener may have been content before the dialler refused it; then its first receive tells.
        if (right is SecuredConnection accepted)
            await AssertEndedAsync(accepted.Stream);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_given_up()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        var channel = new TlsChannel(Bob, OpenSslKeys.Instance, [], usesSslStream) { HandshakeTimeout = TimeSpan.FromMilliseconds(50) };
        var refused = await Assert.ThrowsAsync<SecureChannelException>(() => channel.SecureAsync(pair.Listener, false, null, default));
        Assert.Contains("more than", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "no certificate")]
    [InlineData("plain", "no identity")]
    [InlineData("forged", "not signed by")]
    [InlineData("expired", "at this time")]
    [InlineData("two", "more than one")]
    [InlineData("old", "TLS")]
    public async Task A_dialler_with_a_wrong_certificate_is_refused(string wrong, string reason)
    {
        (Socket client, TcpPeerStream ours) = await ConnectAsync();
        using (ours)
        {
            using var theirs = new SslStream(new NetworkStream(client, ownsSocket: true), false, (_, _, _, _) => true);
            Task dialling = AttackAsync(theirs.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "",
                ClientCertificateContext = wrong == "none" ? null : Context(wrong),
                ApplicationProtocols = [new SslApplicationProtocol("libp2p")],
                EnabledSslProtocols = wrong == "old" ? SslProtocols.Tls12 : SslProtocols.Tls13,
            }));
            var refused = await Assert.ThrowsAsync<SecureChannelException>(() => Channel(Bob).SecureAsync(ours, false, null, default));
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
            ours.Dispose();
            await dialling;
        }
    }

    [Theory]
    [InlineData("plain", "no identity")]
    [InlineData("forged", "not signed by")]
    [InlineData("expired", "at this time")]
    [InlineData("two", "more than one")]
    public async Task A_listener_with_a_wrong_certificate_is_refused(string wrong, string reason)
    {
        (Socket client, TcpPeerStream ours) = await ConnectAsync();
        using (ours)
        {
            using var theirs = new SslStream(new NetworkStream(client, ownsSocket: true), false, (_, _, _, _) => true);
            Task listening = AttackAsync(theirs.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = Context(wrong),
                ApplicationProtocols = [new SslApplicationProtocol("libp2p")],
                EnabledSslProtocols = SslProtocols.Tls13,
            }));
            var refused = await Assert.ThrowsAsync<SecureChannelException>(() => Channel(Bob).SecureAsync(ours, true, null, default));
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
            ours.Dispose();
            await listening;
        }
    }

    private static SslStreamCertificateContext Context(string wrong)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        X509Certificate2 certificate = wrong switch
        {
            "plain" => PeerCertificateTests.Made(_ => [], now.AddDays(-1)),
            "forged" => PeerCertificateTests.Made(_ => [PeerCertificate.Extension(Alice.PublicKey, Alice.Sign("something else"u8))], now.AddDays(-1)),
            "expired" => PeerCertificateTests.Made(own => [own], now.AddYears(-2)),
            _ => PeerCertificate.Create(Alice, now),
        };
        if (wrong != "two")
            return SslStreamCertificateContext.Create(certificate, null, offline: true);
        // A second certificate is sent only when it made the first: an authority, and a right certificate that it signed.
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 root = authorityRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(9));
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var middleRequest = new CertificateRequest("CN=middle", middleKey, HashAlgorithmName.SHA256);
        middleRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issued = middleRequest.Create(root, now.AddDays(-1), now.AddDays(8), [1]);
        X509Certificate2 middle = issued.CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=libp2p", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(PeerCertificate.Extension(Alice.PublicKey, Alice.Sign(PeerCertificate.Signed(key.ExportSubjectPublicKeyInfo()))));
        using X509Certificate2 leaf = request.Create(middle, now.AddDays(-1), now.AddDays(7), [2]);
        return SslStreamCertificateContext.Create(leaf.CopyWithPrivateKey(key), [middle, X509CertificateLoader.LoadCertificate(root.RawData)], offline: true);
    }

    private static async Task AssertEndedAsync(PeerStream stream)
    {
        using var patience = new CancellationTokenSource(ChannelPair.Patience);
        try
        {
            Assert.Equal(0, await stream.ReceiveAsync(new byte[10], patience.Token));
        }
        catch (SocketException)
        {
            // Refused by an alert rather than by hanging up.
        }
    }

    /// <summary>What becomes of the attacker is not the point; that it ends is.</summary>
    private static async Task AttackAsync(Task handshake)
    {
        try
        {
            await handshake.WaitAsync(ChannelPair.Patience);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            // The other side hung up, as it should.
        }
    }

    private static async Task<(Socket Client, TcpPeerStream Ours)> ConnectAsync()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(server.LocalEndPoint!);
        return (client, new TcpPeerStream(await server.AcceptAsync()));
    }
}

/// <summary>With OpenSSL's handshake and our records.</summary>
public sealed class OpenSslTlsChannelTests() : TlsChannelTests(usesSslStream: false);

/// <summary>With SslStream, as where OpenSSL is not found.</summary>
public sealed class SslStreamTlsChannelTests() : TlsChannelTests(usesSslStream: true);
