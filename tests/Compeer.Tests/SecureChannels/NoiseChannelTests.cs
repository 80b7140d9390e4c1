using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.SecureChannels;

public sealed class NoiseChannelTests
{
    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();
    private static readonly PrivateIdentity Bob = PrivateIdentity.Generate();

    private static NoiseChannel Channel(PrivateIdentity identity) => new(identity, OpenSslKeys.Instance, ["/yamux/1.0.0"]);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(65_519, 65_519)]
    [InlineData(65_520, 100)]
    [InlineData(1_000_003, 300_000)]
    [InlineData(3_000_000, 65_536)]
    public async Task Bytes_pass_unchanged_whatever_the_sizes_of_reads(int length, int chunk)
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        (object left, object right) = await pair.SecureAsync(Channel(Alice), Channel(Bob), Bob.PeerId);
        var secured = Assert.IsType<SecuredConnection>(left);
        Assert.Equal((Bob.PublicKey, "/yamux/1.0.0"), (secured.RemoteKey, secured.Muxer));
        Assert.Equal(Alice.PublicKey, Assert.IsType<SecuredConnection>(right).RemoteKey);
        Assert.True(secured.Stream.IsEncrypted);

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

    [Fact]
    public async Task Another_peer_than_the_dialled_one_is_refused()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        (object left, object right) = await pair.SecureAsync(Channel(Alice), Channel(Bob), Alice.PeerId);
        Assert.Contains("not " + Alice.PeerId, Assert.IsType<SecureChannelException>(left).Message, StringComparison.Ordinal);
        Assert.IsType<SocketException>(right);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_is_given_up()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        var channel = new NoiseChannel(Bob, OpenSslKeys.Instance, []) { HandshakeTimeout = TimeSpan.FromMilliseconds(50) };
        var refused = await Assert.ThrowsAsync<SecureChannelException>(() => channel.SecureAsync(pair.Listener, false, null, default));
        Assert.Contains("more than", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forged_frame_a_short_one_and_a_cut_one_end_the_stream()
    {
        foreach (byte[] wrong in new byte[][] { [0, 17, .. new byte[17]], [0, 15, .. new byte[15]], [0, 99, 1, 2, 3] })
        {
            using ChannelPair raw = await ChannelPair.RawAsync();
            PeerStream wire = raw.Dialler;
            await raw.SecureAsync(Channel(Alice), Channel(Bob));
            await ChannelPair.SendAllAsync(raw.Dialler, "good"u8.ToArray());
            await ChannelPair.SendAllAsync(wire, wrong);
            if (wrong[1] == 99)
                wire.Dispose();
            Assert.Equal("good"u8.ToArray(), await ChannelPair.ReceiveAllAsync(raw.Listener, 4, 4));
            var broken = await Assert.ThrowsAsync<SocketException>(async () => await raw.Listener.ReceiveAsync(new byte[100], default));
            Assert.Equal(SocketError.ConnectionAborted, broken.SocketErrorCode);
        }
    }

    [Fact]
    public async Task What_comes_with_the_last_message_of_the_handshake_is_not_lost()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        var patience = new CancellationTokenSource(ChannelPair.Patience);
        Task<SecuredConnection> dialling = Channel(Alice).SecureAsync(pair.Dialler, true, null, patience.Token);
        Task<SecuredConnection> listening = Channel(Bob).SecureAsync(pair.Listener, false, null, patience.Token);
        SecuredConnection dialled = await dialling;
        await ChannelPair.SendAllAsync(dialled.Stream, "early"u8.ToArray());
        SecuredConnection accepted = await listening;
        Assert.Equal("early"u8.ToArray(), await ChannelPair.ReceiveAllAsync(accepted.Stream, 5, 2));
    }

    [Fact]
    public async Task Nothing_is_allocated_for_a_frame()
    {
        using ChannelPair pair = await ChannelPair.RawAsync();
        await pair.SecureAsync(Channel(Alice), Channel(Bob));
        byte[] data = new byte[16 * 1024];
        byte[] target = new byte[64 * 1024];
        async Task PassAsync(int times)
        {
            for (int i = 0; i < times; i++)
            {
                Assert.Equal(data.Length, await pair.Dialler.SendAsync(data, default));
                for (int left = data.Length; left > 0;)
                    left -= await pair.Listener.ReceiveAsync(target, default);
            }
        }
        await PassAsync(200);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await PassAsync(1000);
        long perFrame = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1000;
        // Other tests allocate meanwhile; a frame's buffer would be 16 KiB.
        Assert.True(perFrame < 8 * 1024, $"{perFrame} bytes a frame");
    }
}
