using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.MessageStreamEncryption;

/// <summary>Liars, noise, cut streams and other protocols: each ends in a reason, within its bound, and without an exception.</summary>
public sealed class EncryptionAdversaryTests
{
    [Fact]
    public void A_torrent_that_is_not_here_is_refused()
    {
        var pair = new HandshakePair(asked: Sha1Hash.Of("another"u8));
        pair.Run();
        Assert.Equal("it asks for a torrent that is not here", pair.B.Closed);
        Assert.Null(pair.A.Session);
        Assert.True(pair.A.HasRemoteKey);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_degenerate_key_is_refused_and_not_answered(byte last)
    {
        byte[] key = new byte[96];
        key[95] = last;
        EncryptionHandshake responder = new HandshakePair().B;
        HandshakePair.Feed(responder, key, 10);
        Assert.Equal("its Diffie-Hellman key is degenerate", responder.Closed);
        Assert.Empty(HandshakePair.Take(responder));
        Assert.False(responder.HasRemoteKey);
        EncryptionHandshake initiator = new HandshakePair().A;
        HandshakePair.Take(initiator);
        HandshakePair.Feed(initiator, key, 10);
        Assert.Equal("its Diffie-Hellman key is degenerate", initiator.Closed);
        Assert.Empty(HandshakePair.Take(initiator));
    }

    [Fact]
    public void Nothing_is_sent_before_a_key_came_and_then_less_than_three_times_as_much()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            EncryptionHandshake responder = new HandshakePair(seed: seed).B;
            byte[] key = Noise(96, seed);
            HandshakePair.Feed(responder, key.AsSpan(0, 95), 95);
            Assert.Empty(HandshakePair.Take(responder));
            HandshakePair.Feed(responder, key.AsSpan(95), 1);
            Assert.InRange(HandshakePair.Take(responder).Length, 96, 3 * 96 - 1);
        }
    }

    [Fact]
    public void The_search_ends_after_512_bytes_and_the_marker()
    {
        foreach (int step in (int[])[1, 20, 4096])
        {
            EncryptionHandshake responder = new HandshakePair().B;
            byte[] left = HandshakePair.Feed(responder, Noise(5000, 3), step);
            Assert.Equal("it speaks neither BitTorrent nor its encryption", responder.Closed);
            Assert.Equal(5000 - 96 - 532, left.Length);
            EncryptionHandshake initiator = new HandshakePair().A;
            left = HandshakePair.Feed(initiator, Noise(5000, 3), step);
            Assert.Equal("it does not know this torrent, or its padding has no end", initiator.Closed);
            Assert.Equal(5000 - 96 - 520, left.Length);
        }
    }

    [Fact]
    public void A_stream_cut_anywhere_waits_and_says_nothing_false()
    {
        var whole = new HandshakePair();
        whole.Run();
        byte[] fromA = [.. whole.FromA], fromB = [.. whole.FromB];
        for (int length = 0; length < fromA.Length; length += 3)
        {
            EncryptionHandshake responder = new HandshakePair().B;
            Assert.Empty(HandshakePair.Feed(responder, fromA.AsSpan(0, length), 50));
            Assert.True(responder is { Session: null, Closed: null });
        }
        for (int length = 0; length < fromB.Length; length += 3)
        {
            EncryptionHandshake initiator = new HandshakePair().A;
            Assert.Empty(HandshakePair.Feed(initiator, fromB.AsSpan(0, length), 50));
            Assert.True(initiator is { Session: null, Closed: null });
        }
    }

    [Fact]
    public void A_bit_turned_anywhere_never_throws_and_never_makes_two_sessions_that_differ()
    {
        var whole = new HandshakePair(HandshakePair.Padding(3), HandshakePair.Padding(3));
        whole.Run();
        byte[] fromA = [.. whole.FromA], fromB = [.. whole.FromB];
        for (int bit = 0; bit < 8 * fromA.Length; bit += 5)
        {
            byte[] turned = [.. fromA];
            turned[bit / 8] ^= (byte)(1 << (bit % 8));
            EncryptionHandshake responder = new HandshakePair(HandshakePair.Padding(3), HandshakePair.Padding(3)).B;
            HandshakePair.Feed(responder, turned, 40);
            Assert.True(responder.Session is null || responder.Session.InfoHash == HandshakePair.Torrent);
        }
        for (int bit = 0; bit < 8 * fromB.Length; bit += 5)
        {
            byte[] turned = [.. fromB];
            turned[bit / 8] ^= (byte)(1 << (bit % 8));
            EncryptionHandshake initiator = new HandshakePair(HandshakePair.Padding(3), HandshakePair.Padding(3)).A;
            HandshakePair.Feed(initiator, turned, 40);
            Assert.True(initiator.Session is null || initiator.Session.Method is CryptoMethods.Rc4 or CryptoMethods.Plaintext);
        }
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_succeed()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] noise = Noise(new Random(seed).Next(2000), seed);
            var pair = new HandshakePair(seed: seed);
            HandshakePair.Feed(pair.A, noise, 1 + seed % 100);
            HandshakePair.Feed(pair.B, noise, 1 + seed % 100);
            Assert.Null(pair.A.Session);
            Assert.Null(pair.B.Session);
        }
    }

    [Theory]
    [InlineData(CryptoMethods.None)]
    [InlineData(CryptoMethods.Plaintext)]
    [InlineData(CryptoMethods.Plaintext | CryptoMethods.Rc4)]
    [InlineData((CryptoMethods)4)]
    public void A_choice_that_was_not_offered_is_refused(CryptoMethods choice)
    {
        EncryptionHandshake initiator = new HandshakePair(new EncryptionOptions { Methods = CryptoMethods.Rc4 }).A;
        Answer(initiator, (uint)choice, 0);
        Assert.Equal("it chose a method that was not offered", initiator.Closed);
    }

    [Fact]
    public void Padding_beyond_its_bound_is_refused_before_it_comes()
    {
        EncryptionHandshake initiator = new HandshakePair().A;
        Answer(initiator, 2, 513);
        Assert.Equal("its padding is longer than 512 bytes", initiator.Closed);
        EncryptionHandshake fine = new HandshakePair().A;
        Answer(fine, 2, 512);
        Assert.Null(fine.Closed);
        var liar = new HandshakePair(new EncryptionOptions { MinPaddingBytes = 513, MaxPaddingBytes = 513 });
        byte[] key = HandshakePair.Take(liar.A);
        HandshakePair.Feed(liar.B, key.AsSpan(0, 96 + 512), 4096);
        HandshakePair.Feed(liar.A, HandshakePair.Take(liar.B), 4096);
        HandshakePair.Feed(liar.B, HandshakePair.Take(liar.A), 4096);
        Assert.Equal("its padding is longer than 512 bytes", liar.B.Closed);
    }

    [Theory]
    [InlineData("", StreamStart.Undecided)]
    [InlineData("\u0013", StreamStart.Undecided)]
    [InlineData("\u0013BitTorrent protoco", StreamStart.Undecided)]
    [InlineData("\u0013BitTorrent protocol", StreamStart.Plain)]
    [InlineData("\u0013BitTorrent protocol and more", StreamStart.Plain)]
    [InlineData("\u0013BitTorrent protocoL", StreamStart.Other)]
    [InlineData("\u0013C", StreamStart.Other)]
    [InlineData("GET / HTTP/1.1", StreamStart.Other)]
    [InlineData("\u0014", StreamStart.Other)]
    public void A_plain_start_is_told_apart(string first, StreamStart expected) =>
        Assert.Equal(expected, StreamStarts.Of(System.Text.Encoding.Latin1.GetBytes(first)));

    /// <summary>A responder that answers with a choice of its own, built from the key it shares.</summary>
    private static void Answer(EncryptionHandshake initiator, uint choice, ushort padding)
    {
        byte[] mine = Noise(20, 9), key = new byte[96], secret = new byte[96];
        byte[] theirs = HandshakePair.Take(initiator)[..96];
        DiffieHellman768.PublicKey(mine, key);
        Assert.True(DiffieHellman768.TryAgree(mine, theirs, secret));
        Rc4 cipher = new(Sha1Hash.Of([.. "keyB"u8, .. secret, .. HandshakePair.Torrent.AsSpan()]).AsSpan());
        cipher.Skip(1024);
        byte[] answer = [.. new byte[8], (byte)(choice >> 24), (byte)(choice >> 16), (byte)(choice >> 8), (byte)choice, (byte)(padding >> 8), (byte)padding];
        cipher.Apply(answer);
        HandshakePair.Feed(initiator, [.. key, .. answer], 33);
    }

    private static byte[] Noise(int length, int seed)
    {
        byte[] noise = new byte[length];
        new Random(seed).NextBytes(noise);
        return noise;
    }
}
