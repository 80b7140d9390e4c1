using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Transports;

/// <summary>Dialer and listener over loopback, with every pair of policies, and strangers at the listener's door.</summary>
public sealed class EncryptedDialTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Sha1Hash Torrent = Sha1Hash.Of("a torrent"u8);
    private static readonly PeerId Ours = new(Enumerable.Repeat((byte)'a', 20).ToArray());
    private static readonly PeerId Theirs = new(Enumerable.Repeat((byte)'b', 20).ToArray());

    public static TheoryData<EncryptionPolicy, EncryptionPolicy, bool?, bool> Pairs() => new()
    {
        // dials, listens, encrypted (null: no connection), refused encryption first
        { EncryptionPolicy.Forbid, EncryptionPolicy.Forbid, false, false },
        { EncryptionPolicy.Forbid, EncryptionPolicy.Prefer, false, false },
        { EncryptionPolicy.Forbid, EncryptionPolicy.Require, null, false },
        { EncryptionPolicy.Prefer, EncryptionPolicy.Forbid, false, true },
        { EncryptionPolicy.Prefer, EncryptionPolicy.Prefer, false, false }, // over loopback only the handshake is
        { EncryptionPolicy.Prefer, EncryptionPolicy.Require, true, false },
        { EncryptionPolicy.Require, EncryptionPolicy.Forbid, null, true },
        { EncryptionPolicy.Require, EncryptionPolicy.Prefer, true, false },
        { EncryptionPolicy.Require, EncryptionPolicy.Require, true, false },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Two_policies_meet(EncryptionPolicy dials, EncryptionPolicy listens, bool? encrypted, bool refused)
    {
        await using var side = new ListeningSide(listens);
        using var dialer = new PeerDialer(new HandshakeOptions(), IPAddress.Loopback, encryption: dials);
        DialResult result = await dialer.DialAsync(side.EndPoint, new Handshake(ReservedBits.Fast, Torrent, Ours), CancellationToken.None).WaitAsync(Patience);
        Assert.Equal(refused, result.RefusedEncryption);
        Assert.Equal(encrypted, result.Stream?.IsEncrypted);
        if (result.Stream is null)
        {
            Assert.Contains("encrypt", result.Failure, StringComparison.Ordinal);
            return;
        }
        using PeerStream stream = result.Stream;
        (PeerStream other, Handshake arrived) = await side.Arrived.ReadAsync().AsTask().WaitAsync(Patience);
        using (other)
        {
            Assert.Equal((Ours, Theirs), (arrived.PeerId, result.Remote.PeerId));
            Assert.Equal(encrypted, other.IsEncrypted);
            await AssertCarriesAsync(stream, other);
            await AssertCarriesAsync(other, stream);
        }
    }

    [Theory]
    [InlineData(EncryptionPolicy.Prefer, "it hung up during the handshake (it may not have this torrent)")]
    [InlineData(EncryptionPolicy.Require, "it hung up during the encrypted handshake (it may not have this torrent)")]
    public async Task A_torrent_that_is_not_there_is_refused(EncryptionPolicy policy, string reason)
    {
        await using var side = new ListeningSide(EncryptionPolicy.Prefer);
        using var dialer = new PeerDialer(new HandshakeOptions(), IPAddress.Loopback, encryption: policy);
        DialResult result = await dialer.DialAsync(side.EndPoint, new Handshake(ReservedBits.Fast, Sha1Hash.Of("another"u8), Ours), CancellationToken.None).WaitAsync(Patience);
        Assert.Null(result.Stream);
        Assert.Equal(reason, result.Failure);
    }

    [Theory]
    [InlineData(EncryptionPolicy.Prefer, "GET / HTTP/1.1\r\nHost: somewhere else entirely\r\n\r\n")]
    [InlineData(EncryptionPolicy.Forbid, "GET / HTTP/1.1\r\n\r\n")]
    [InlineData(EncryptionPolicy.Require, "\u0013BitTorrent protocol")]
    public async Task Strangers_are_shown_the_door(EncryptionPolicy policy, string hello)
    {
        await using var side = new ListeningSide(policy);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(side.EndPoint);
        byte[] bytes = System.Text.Encoding.Latin1.GetBytes(hello.PadRight(2000));
        await socket.SendAsync(bytes);
        Assert.True(await DrainAsync(socket) < bytes.Length, "it is answered with less than it sent");
        Assert.False(side.Arrived.TryRead(out _));
    }

    [Fact]
    public async Task A_plain_handshake_byte_by_byte_is_still_plain()
    {
        await using var side = new ListeningSide(EncryptionPolicy.Prefer);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(side.EndPoint);
        byte[] handshake = new byte[Handshake.LengthBytes];
        new Handshake(ReservedBits.Fast, Torrent, Ours).Write(handshake);
        foreach (byte one in handshake)
            await socket.SendAsync(new[] { one });
        (PeerStream stream, Handshake arrived) = await side.Arrived.ReadAsync().AsTask().WaitAsync(Patience);
        using (stream)
            Assert.Equal((false, Ours), (stream.IsEncrypted, arrived.PeerId));
    }

    [Fact]
    public async Task A_silent_peer_ends_at_the_deadline()
    {
        await using var side = new ListeningSide(EncryptionPolicy.Prefer, new HandshakeOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(side.EndPoint);
        await socket.SendAsync(new byte[] { 19, (byte)'B', 0x55 });
        Assert.Equal(0, await DrainAsync(socket));
    }

    private static async Task<int> DrainAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int total = 0;
        try
        {
            for (int received; (received = await socket.ReceiveAsync(buffer).WaitAsync(Patience)) > 0;)
                total += received;
        }
        catch (SocketException)
        {
            // A close with unread bytes is a reset.
        }
        return total;
    }

    private static async Task AssertCarriesAsync(PeerStream from, PeerStream to)
    {
        byte[] data = new byte[100_000], got = new byte[data.Length];
        new Random(4).NextBytes(data);
        Task sending = Task.Run(async () =>
        {
            for (int sent = 0; sent < data.Length;)
                sent += await from.SendAsync(data.AsMemory(sent), CancellationToken.None);
        });
        for (int filled = 0; filled < got.Length;)
        {
            int received = await to.ReceiveAsync(got.AsMemory(filled), CancellationToken.None).AsTask().WaitAsync(Patience);
            Assert.NotEqual(0, received);
            filled += received;
        }
        await sending;
        Assert.Equal(data, got);
    }

    private sealed class ListeningSide : IAsyncDisposable
    {
        private readonly Channel<(PeerStream, Handshake)> _arrived = Channel.CreateUnbounded<(PeerStream, Handshake)>();
        private readonly PeerListener _listener;

        public ListeningSide(EncryptionPolicy policy, HandshakeOptions? options = null)
        {
            Sha1Hash key = EncryptionKeys.RequestedKey(Torrent);
            Socket listening = PeerListener.Listen(new IPEndPoint(IPAddress.Loopback, 0));
            EndPoint = (IPEndPoint)listening.LocalEndPoint!;
            _listener = PeerListener.Start(
                listening,
                options ?? new HandshakeOptions(),
                new IncomingEncryption(policy, asked => asked == key ? Torrent : null),
                theirs => theirs.InfoHash == Torrent ? new Handshake(ReservedBits.Fast, Torrent, Theirs) : null,
                (stream, handshake) => _arrived.Writer.TryWrite((stream, handshake)));
        }

        public IPEndPoint EndPoint { get; }

        public ChannelReader<(PeerStream, Handshake)> Arrived => _arrived.Reader;

        public ValueTask DisposeAsync() => _listener.DisposeAsync();
    }
}
