using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Noise;

namespace Compeer.Tests.Noise;

public sealed class NoiseHandshakeTests
{
    private static readonly PrivateIdentity Alice = PrivateIdentity.Generate();
    private static readonly PrivateIdentity Bob = PrivateIdentity.Generate();

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    [InlineData(7)]
    public void Both_sides_learn_who_the_other_is_however_the_bytes_are_cut(int chunk)
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true, ["/yamux/1.0.0"], Bob.PeerId);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false, ["/yamux/1.0.0"]);
        (NoiseEvent? ours, NoiseEvent? theirs) = NoisePeers.Run(initiator, responder, chunk);
        var left = Assert.IsType<NoiseEvent.Completed>(ours);
        var right = Assert.IsType<NoiseEvent.Completed>(theirs);
        Assert.Equal((Bob.PublicKey, Alice.PublicKey), (left.Remote, right.Remote));
        byte[] frame = new byte[5 + NoiseCipher.OverheadBytes];
        left.Sending.WriteFrame("hello"u8, frame);
        byte[] read = new byte[5];
        Assert.True(right.Receiving.TryDecrypt(frame.AsSpan(2), read));
        Assert.Equal("hello"u8, read);
    }

    [Theory]
    [InlineData("a b", "b a", "a")]
    [InlineData("b a", "a b", "b")]
    [InlineData("x b", "a b", "b")]
    [InlineData("a", "", null)]
    [InlineData("", "a", null)]
    public void The_muxer_is_the_first_of_the_initiator_that_both_have(string ours, string theirs, string? muxer)
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true, ours.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false, theirs.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        (NoiseEvent? left, NoiseEvent? right) = NoisePeers.Run(initiator, responder);
        Assert.Equal(muxer, Assert.IsType<NoiseEvent.Completed>(left).Muxer);
        Assert.Equal(muxer, Assert.IsType<NoiseEvent.Completed>(right).Muxer);
    }

    [Fact]
    public void Without_a_common_muxer_the_handshake_fails()
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true, ["a"]);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false, ["b"]);
        AssertClosed(NoisePeers.Run(initiator, responder).Initiator, "no muxer");
    }

    [Fact]
    public void Another_peer_than_the_dialled_one_is_refused()
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true, expected: Alice.PeerId);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
        (NoiseEvent? left, NoiseEvent? right) = NoisePeers.Run(initiator, responder);
        AssertClosed(left, $"{Bob.PeerId}, not {Alice.PeerId}");
        Assert.Null(right); // it never heard who asked
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signature_of_somebody_else_is_refused(bool isInitiator)
    {
        var liar = new Liar(Alice.PublicKey, Bob);
        using NoiseHandshake initiator = NoisePeers.Handshake(isInitiator ? liar : Alice, true);
        using NoiseHandshake responder = NoisePeers.Handshake(isInitiator ? Bob : liar, false);
        (NoiseEvent? left, NoiseEvent? right) = NoisePeers.Run(initiator, responder);
        AssertClosed(isInitiator ? right : left, "signature is not that of");
    }

    [Fact]
    public void Another_prologue_is_refused()
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true, prologue: [1]);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false, prologue: [2]);
        AssertClosed(NoisePeers.Run(initiator, responder).Initiator, "forged");
    }

    [Fact]
    public void Every_flipped_bit_of_a_message_is_noticed()
    {
        for (int bit = 0; bit < 8 * 200; bit += 61)
        {
            foreach (int message in new[] { 0, 1, 2 })
            {
                using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true);
                using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
                (NoiseEvent? left, NoiseEvent? right) = NoisePeers.Run(initiator, responder, tamper: (number, bytes) =>
                {
                    if (number == message)
                        bytes[2 + (bit / 8 % (bytes.Length - 2))] ^= (byte)(1 << (bit % 8));
                    return bytes;
                });
                // The first message has nothing secret: what was changed in it shows in the second. The top bit of a key means nothing (RFC 7748).
                Assert.False(left is NoiseEvent.Completed && right is NoiseEvent.Completed, $"bit {bit} of message {message}");
            }
        }
    }

    [Fact]
    public void A_handshake_cannot_be_replayed()
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
        var sent = new List<byte[]>();
        NoisePeers.Run(initiator, responder, tamper: (_, bytes) =>
        {
            sent.Add(bytes);
            return bytes;
        });
        using NoiseHandshake second = NoisePeers.Handshake(Bob, false);
        NoisePeers.Feed(second, sent[0]);
        Assert.NotNull(NoisePeers.Transmit(second));
        NoisePeers.Feed(second, sent[2]);
        Assert.True(second.TryTakeEvent(out NoiseEvent? ended));
        AssertClosed(ended, "forged");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(50)]
    [InlineData(95)]
    public void Messages_that_are_too_short_are_refused(int length)
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true);
        Assert.NotNull(NoisePeers.Transmit(initiator));
        NoisePeers.Feed(initiator, [0, (byte)length, .. RandomNumberGenerator.GetBytes(length)]);
        Assert.True(initiator.TryTakeEvent(out NoiseEvent? ended));
        AssertClosed(ended, "forged");
    }

    [Fact]
    public void An_oversize_message_is_refused_at_its_length()
    {
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
        NoisePeers.Feed(responder, [0x40, 0x01]);
        Assert.True(responder.TryTakeEvent(out NoiseEvent? ended));
        AssertClosed(ended, "16385 bytes");
    }

    /// <summary>Points of order 1, 2, 4 and 8 on the curve and its twist: with them anyone would know the key. From RFC 7748 and "May the Fourth Be With You".</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void Keys_of_low_order_are_refused(string hex)
    {
        Assert.False(OpenSslX25519.Instance.TryAgree(RandomNumberGenerator.GetBytes(32), Convert.FromHexString(hex), new byte[32]));
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
        NoisePeers.Feed(responder, [0, 32, .. Convert.FromHexString(hex)]);
        Assert.Null(NoisePeers.Transmit(responder));
        Assert.True(responder.TryTakeEvent(out NoiseEvent? ended));
        AssertClosed(ended, "low order");
    }

    [Fact]
    public void What_follows_the_handshake_is_left_alone()
    {
        using NoiseHandshake initiator = NoisePeers.Handshake(Alice, true);
        using NoiseHandshake responder = NoisePeers.Handshake(Bob, false);
        NoisePeers.Feed(responder, NoisePeers.Transmit(initiator)!);
        NoisePeers.Feed(initiator, NoisePeers.Transmit(responder)!);
        byte[] last = NoisePeers.Transmit(initiator)!;
        Assert.Equal(last.Length, responder.Receive([.. last, 1, 2, 3]));
        Assert.True(responder.TryTakeEvent(out NoiseEvent? ended) && ended is NoiseEvent.Completed);
        Assert.Equal(0, responder.Receive([1, 2, 3]));
    }

    [Fact]
    public void Payloads_are_read_as_they_are_written_and_their_sizes_bounded()
    {
        var payload = new NoisePayload(Alice.PublicKey, new byte[] { 1, 2 }, ["/yamux/1.0.0", "/mplex/6.7.0"]);
        byte[] bytes = payload.ToBytes();
        NoisePayload? read = NoisePayload.Decode(bytes);
        Assert.NotNull(read);
        Assert.Equal(payload.Muxers, read.Muxers);
        Assert.Equal(payload.Key, read.Key);
        int[] whole = [.. Enumerable.Range(0, bytes.Length).Where(n => NoisePayload.Decode(bytes.AsSpan(0, n)) is not null)];
        Assert.Single(whole); // without the extensions
        Assert.NotNull(NoisePayload.Decode([.. bytes, 0x78, 1]));
        Assert.Null(NoisePayload.Decode((payload with { Muxers = [.. Enumerable.Repeat("m", NoisePayload.MaxMuxers + 1)] }).ToBytes()));
        Assert.Null(NoisePayload.Decode((payload with { Muxers = [new string('m', NoisePayload.MaxMuxerBytes + 1)] }).ToBytes()));
        var random = new Random(1);
        byte[] noise = new byte[60];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(noise);
            Assert.Null(NoisePayload.Decode(noise.AsSpan(0, random.Next(noise.Length))));
        }
    }

    private static void AssertClosed(NoiseEvent? ended, string reason) =>
        Assert.Contains(reason, Assert.IsType<NoiseEvent.Closed>(ended).Reason, StringComparison.Ordinal);

    /// <summary>Says one key and signs with another.</summary>
    private sealed class Liar(PublicKey said, ISigner signer) : ISigner
    {
        public PublicKey PublicKey => said;

        public byte[] Sign(ReadOnlySpan<byte> message) => signer.Sign(message);
    }
}
