using System.Net.Sockets;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Tls;

namespace Compeer.Tests.SecureChannels;

/// <summary>How records pass between TLS and the raw stream: many at once, cut anywhere.</summary>
public abstract class TlsRecordsTests(bool usesSslStream)
{
    private const int RecordBytes = 16 * 1024;
    private const int LargeBytes = 256 * 1024;

    private const int Cuts = 20;

    /// <summary>A handshake may be so many bytes shorter than another.</summary>
    private const int SignaturesDiffer = 32;

    // A length that was changed makes a side wait for what never comes.
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(2);

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

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Keys_that_are_replaced_again_and_again_are_followed(long recordsPerKey)
    {
        foreach (bool remoteUsesSslStream in (bool[])[false, true])
        {
            (PipedStream left, PipedStream right) = PipedStream.Pair();
            var ours = new TlsChannel(Alice, OpenSslKeys.Instance, [], usesSslStream) { RecordsPerKey = recordsPerKey };
            var theirs = new TlsChannel(Bob, OpenSslKeys.Instance, [], remoteUsesSslStream);
            (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(ours, theirs, left, right);
            for (int round = 0; round < 10; round++)
            {
                byte[] data = Bytes(40_000 + round);
                await ChannelPair.SendAllAsync(dialler.Stream, data);
                Assert.Equal(data, await ChannelPair.ReceiveAllAsync(listener.Stream, data.Length, 30_000));
                await ChannelPair.SendAllAsync(listener.Stream, data);
                Assert.Equal(data, await ChannelPair.ReceiveAllAsync(dialler.Stream, data.Length, 30_000));
            }
        }
    }

    [Fact]
    public async Task The_other_way_to_speak_TLS_understands_it()
    {
        foreach (bool isDialler in (bool[])[false, true])
        {
            (PipedStream left, PipedStream right) = PipedStream.Pair();
            var dialling = new TlsChannel(Alice, OpenSslKeys.Instance, ["a"], isDialler == usesSslStream);
            var listening = new TlsChannel(Bob, OpenSslKeys.Instance, ["a"], isDialler != usesSslStream);
            (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(dialling, listening, left, right);
            Assert.Equal((Bob.PublicKey, Alice.PublicKey, "a", "a"), (dialler.RemoteKey, listener.RemoteKey, dialler.Muxer, listener.Muxer));
            byte[] data = Bytes(300_000);
            await ChannelPair.SendAllAsync(dialler.Stream, data);
            Assert.Equal(data, await ChannelPair.ReceiveAllAsync(listener.Stream, data.Length, LargeBytes));
            await ChannelPair.SendAllAsync(listener.Stream, data);
            Assert.Equal(data, await ChannelPair.ReceiveAllAsync(dialler.Stream, data.Length, LargeBytes));
        }
    }

    [Fact]
    public async Task A_handshake_that_anybody_changed_is_refused()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        await SecureAsync(left, right);
        foreach ((PipedStream whole, bool isDiallers) in new[] { (left, true), (right, false) })
        {
            foreach (int record in Sealed(whole.Sent.Span))
            {
                foreach (int thousandths in (int[])[0, 500, 1000])
                {
                    (left, right) = PipedStream.Pair();
                    PipedStream changed = isDiallers ? left : right;
                    changed.Flip = (record, thousandths);
                    await AssertRefusedAsync(left, right);
                    Assert.True(changed.HasFlipped);
                }
            }
        }
    }

    [Fact]
    public async Task A_handshake_that_is_cut_is_refused()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        await SecureAsync(left, right);
        (int diallers, int listeners) = (left.Sent.Length - SignaturesDiffer, right.Sent.Length - SignaturesDiffer);
        for (int i = 0; i < Cuts; i++)
        {
            (left, right) = PipedStream.Pair();
            left.LastByte = diallers * i / Cuts;
            await AssertRefusedAsync(left, right);
            (left, right) = PipedStream.Pair();
            right.LastByte = listeners * i / Cuts;
            await AssertRefusedAsync(left, right);
        }
    }

    [Fact]
    public async Task A_handshake_that_is_replayed_is_refused()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        (SecuredConnection dialler, _) = await SecureAsync(left, right);
        await ChannelPair.SendAllAsync(dialler.Stream, Bytes(10));
        (PipedStream attacker, PipedStream victim) = PipedStream.Pair();
        Task<SecuredConnection> listening = Channel(Bob).SecureAsync(victim, false, null, default);
        await attacker.SendAsync(left.Sent, default);
        await Assert.ThrowsAsync<SecureChannelException>(() => listening.WaitAsync(ChannelPair.Patience));
    }

    [Fact]
    public async Task A_record_that_is_replayed_ends_the_stream()
    {
        (PipedStream left, PipedStream right) = PipedStream.Pair();
        (SecuredConnection dialler, SecuredConnection listener) = await SecureAsync(left, right);
        int before = left.Sent.Length;
        await ChannelPair.SendAllAsync(dialler.Stream, Bytes(10));
        Assert.Equal(Bytes(10), await ChannelPair.ReceiveAllAsync(listener.Stream, 10, 10));
        await left.SendAsync(left.Sent[before..], default);
        await Assert.ThrowsAsync<SocketException>(async () => await listener.Stream.ReceiveAsync(new byte[RecordBytes], default));
    }

    /// <summary>The numbers of the records, but of none with change_cipher_spec, which means nothing.</summary>
    private static List<int> Sealed(ReadOnlySpan<byte> records)
    {
        const byte ChangeCipherSpec = 20;
        var numbers = new List<int>();
        for (int number = 0; !records.IsEmpty; number++)
        {
            if (records[0] != ChangeCipherSpec)
                numbers.Add(number);
            records = records[TlsRecordCipher.RecordBytes(records)..];
        }
        return numbers;
    }

    /// <summary>One side refuses the other; that one may have been content, and then its first receive tells.</summary>
    private async Task AssertRefusedAsync(PipedStream left, PipedStream right)
    {
        async Task<bool> IsContentAsync(PipedStream raw, bool isInitiator)
        {
            try
            {
                var channel = new TlsChannel(isInitiator ? Alice : Bob, OpenSslKeys.Instance, [], usesSslStream) { HandshakeTimeout = ShortPatience };
                SecuredConnection secured = await channel.SecureAsync(raw, isInitiator, isInitiator ? Bob.PeerId : null, default).WaitAsync(ChannelPair.Patience);
                return await secured.Stream.ReceiveAsync(new byte[10], default).AsTask().WaitAsync(ChannelPair.Patience) > 0;
            }
            catch (Exception e) when (e is SecureChannelException or SocketException)
            {
                raw.Dispose();
                return false;
            }
        }
        Task<bool> dialling = IsContentAsync(left, true);
        Assert.False(await IsContentAsync(right, false));
        Assert.False(await dialling);
    }

    private TlsChannel Channel(PrivateIdentity identity) => new(identity, OpenSslKeys.Instance, [], usesSslStream);

    private static byte[] Bytes(int length)
    {
        byte[] data = new byte[length];
        new Random(length).NextBytes(data);
        return data;
    }

    private Task<(SecuredConnection Dialler, SecuredConnection Listener)> SecureAsync(PipedStream left, PipedStream right) =>
        SecureAsync(Channel(Alice), Channel(Bob), left, right);

    private static async Task<(SecuredConnection Dialler, SecuredConnection Listener)> SecureAsync(TlsChannel ours, TlsChannel theirs, PipedStream left, PipedStream right)
    {
        Task<SecuredConnection> listening = theirs.SecureAsync(right, false, null, default);
        SecuredConnection dialler = await ours.SecureAsync(left, true, Bob.PeerId, default).WaitAsync(ChannelPair.Patience);
        return (dialler, await listening.WaitAsync(ChannelPair.Patience));
    }
}

/// <summary>With OpenSSL's handshake and our records.</summary>
public sealed class OpenSslTlsRecordsTests() : TlsRecordsTests(usesSslStream: false);

/// <summary>With SslStream, as where OpenSSL is not found.</summary>
public sealed class SslStreamTlsRecordsTests() : TlsRecordsTests(usesSslStream: true);
