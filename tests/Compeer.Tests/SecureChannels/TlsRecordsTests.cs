using System.Net.Sockets;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.SecureChannels;

/// <summary>How records pass between TLS and the raw stream: many at once, cut anywhere.</summary>
public sealed class TlsRecordsTests
{
    private const int RecordBytes = 16 * 1024;
    private const int LargeBytes = 256 * 1024;

    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();
    private static readonly PrivateIdentity Bob = PrivateIdentity.Generate();

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(16_405)]
    [InlineData(16_406)]
    [InlineData(16_407)]
    [InlineData(40_000)]
    public async Task Records_that_come_cut_anywhere_are_put_together(int mostReceived)
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        left.MostReceived = right.MostReceived = mostReceived;
        (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(left, right);
        byte[] data = Bytes(100_003);
        await ChannelPair.SendAllAsync(dialler.Stream, data);
        Assert.Equal(data, await ChannelPair.ReceiveAllAsync(listener.Stream, data.Length, 30_000));
        await ChannelPair.SendAllAsync(listener.Stream, data);
        Assert.Equal(data, await ChannelPair.ReceiveAllAsync(dialler.Stream, data.Length, 50_000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(40_000)]
    public async Task What_came_with_the_last_words_of_the_handshake_is_not_lost(int length)
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        // The ClientHello.
        left.SendsBeforeHold = 1;
        byte[] data = Bytes(length);
        Task<SecuredConnection> listening = Channel(Bob).SecureAsync(right, false, null, default);
        SecuredConnection dialler = await Channel(Alice).SecureAsync(left, true, Bob.PeerId, default).WaitAsync(ChannelPair.Patience);
        await ChannelPair.SendAllAsync(dialler.Stream, data);
        await left.ReleaseAsync();
        SecuredConnection listener = await listening.WaitAsync(ChannelPair.Patience);
        Assert.Equal(data, await ChannelPair.ReceiveAllAsync(listener.Stream, length, length));
    }

    [Fact]
    public async Task A_large_write_leaves_in_few_sends_and_comes_with_few_receives()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(left, right);
        byte[] data = Bytes(LargeBytes);
        (int sends, int receives) = (left.Sends, right.Receives);
        await ChannelPair.SendAllAsync(dialler.Stream, data);
        Assert.InRange(left.Sends - sends, 1, 3);
        byte[] target = new byte[LargeBytes];
        int received = await listener.Stream.ReceiveAsync(target, default);
        // All but what the buffer could not hold whole.
        Assert.InRange(received, LargeBytes - RecordBytes, LargeBytes);
        Assert.InRange(right.Receives - receives, 1, 2);
        Assert.Equal(data[..received], target[..received]);
        Assert.Equal(data[received..], await ChannelPair.ReceiveAllAsync(listener.Stream, LargeBytes - received, LargeBytes));
    }

    [Fact]
    public async Task The_end_within_a_record_is_a_failure_and_the_end_between_two_is_none()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(left, right);
        await ChannelPair.SendAllAsync(dialler.Stream, Bytes(10));
        await left.SendAsync(new byte[] { 23, 3, 3, 0, 100, 1, 2, 3 }, default);
        left.Dispose();
        byte[] target = new byte[RecordBytes];
        Assert.Equal(10, await listener.Stream.ReceiveAsync(target, default));
        await Assert.ThrowsAsync<SocketException>(async () => await listener.Stream.ReceiveAsync(target, default));
        right.Dispose();
        Assert.Equal(0, await dialler.Stream.ReceiveAsync(target, default));
    }

    [Fact]
    public async Task A_forged_record_ends_the_stream()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        (_, SecuredConnection listener) = await SecureAsync(left, right);
        byte[] forged = [23, 3, 3, 0, 40, .. new byte[40]];
        await left.SendAsync(forged, default);
        await Assert.ThrowsAsync<SocketException>(async () => await listener.Stream.ReceiveAsync(new byte[RecordBytes], default));
    }

    private static TlsChannel Channel(PrivateIdentity identity) => new(identity, OpenSslKeys.Instance, []);

    private static byte[] Bytes(int length)
    {
        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        return data;
    }

    private static async Task<(SecuredConnection Dialler, SecuredConnection Listener)> SecureAsync(PipedStream left, PipedStream right)
    {
        Task<SecuredConnection> listening = Channel(Bob).SecureAsync(right, false, null, default);
        SecuredConnection dialler = await Channel(Alice).SecureAsync(left, true, Bob.PeerId, default).WaitAsync(ChannelPair.Patience);
        return (dialler, await listening.WaitAsync(ChannelPair.Patience));
    }
}
