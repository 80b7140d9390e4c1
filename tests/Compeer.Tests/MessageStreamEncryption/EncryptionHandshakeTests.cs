using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.MessageStreamEncryption;

/// <summary>Both roles against each other: paddings, splits, methods and many torrents.</summary>
public sealed class EncryptionHandshakeTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 512)]
    [InlineData(512, 0)]
    [InlineData(512, 512)]
    [InlineData(1, 7)]
    public void It_completes_with_every_padding_and_every_size_of_piece(int paddingA, int paddingB)
    {
        foreach (int step in (int[])[1, 2, 3, 5, 7, 8, 19, 20, 21, 96, 97, 500, 1000, 5000])
        {
            var pair = new HandshakePair(HandshakePair.Padding(paddingA), HandshakePair.Padding(paddingB));
            pair.Run(step);
            AssertSame(pair);
            Assert.Equal(96 + paddingA + 40 + 8 + 4 + 2 + paddingA + 2 + 5, pair.FromA.Count);
            Assert.Equal(96 + paddingB + 8 + 4 + 2 + paddingB, pair.FromB.Count);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    public void One_cut_anywhere_changes_nothing(int padding)
    {
        var whole = new HandshakePair(HandshakePair.Padding(padding), HandshakePair.Padding(padding));
        whole.Run();
        byte[] fromA = [.. whole.FromA], tailed = [.. fromA, .. "stream"u8];
        for (int cut = 0; cut <= tailed.Length; cut++)
        {
            EncryptionHandshake responder = new HandshakePair(HandshakePair.Padding(padding), HandshakePair.Padding(padding)).B;
            ReadOnlySpan<byte> first = tailed.AsSpan(0, cut);
            responder.Receive(ref first);
            byte[] left = responder.Session is null ? [] : first.ToArray();
            Assert.True(responder.Session is not null || first.IsEmpty, "everything before the end is taken");
            byte[] rest = HandshakePair.Feed(responder, tailed.AsSpan(cut), int.MaxValue);
            Assert.Null(responder.Closed);
            Assert.Equal("hello", Encoding.ASCII.GetString(responder.Session!.InitialPayload.Span));
            Assert.Equal("stream", Encoding.ASCII.GetString([.. left, .. rest]));
        }
        byte[] fromB = [.. whole.FromB, .. "stream"u8];
        for (int cut = 0; cut <= fromB.Length; cut++)
        {
            EncryptionHandshake initiator = new HandshakePair(HandshakePair.Padding(padding), HandshakePair.Padding(padding)).A;
            byte[] left = [.. HandshakePair.Feed(initiator, fromB.AsSpan(0, cut), int.MaxValue), .. HandshakePair.Feed(initiator, fromB.AsSpan(cut), int.MaxValue)];
            Assert.Null(initiator.Closed);
            Assert.Equal(CryptoMethods.Rc4, initiator.Session!.Method);
            Assert.Equal("stream", Encoding.ASCII.GetString(left));
        }
    }

    [Theory]
    [InlineData(CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Rc4)]
    [InlineData(CryptoMethods.Rc4, CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Rc4)]
    [InlineData(CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Plaintext, CryptoMethods.Plaintext)]
    [InlineData(CryptoMethods.Plaintext, CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Plaintext)]
    public void The_method_is_the_best_that_both_have(CryptoMethods offered, CryptoMethods accepted, CryptoMethods expected)
    {
        var pair = new HandshakePair(new EncryptionOptions { Methods = offered }, new EncryptionOptions { Methods = accepted });
        pair.Run();
        AssertSame(pair, expected);
    }

    [Fact]
    public void A_responder_that_prefers_plaintext_takes_it_when_it_is_offered()
    {
        foreach ((CryptoMethods offered, CryptoMethods expected) in new[] { (CryptoMethods.Plaintext | CryptoMethods.Rc4, CryptoMethods.Plaintext), (CryptoMethods.Rc4, CryptoMethods.Rc4) })
        {
            var pair = new HandshakePair(new EncryptionOptions { Methods = offered }, new EncryptionOptions { Preferred = CryptoMethods.Plaintext });
            pair.Run();
            AssertSame(pair, expected);
        }
    }

    [Theory]
    [InlineData(EncryptionPolicy.Prefer, "8.8.8.8", 2, 3, CryptoMethods.Rc4)]
    [InlineData(EncryptionPolicy.Prefer, "2001:4860::1", 2, 3, CryptoMethods.Rc4)]
    [InlineData(EncryptionPolicy.Prefer, "192.168.1.5", 3, 3, CryptoMethods.Plaintext)]
    [InlineData(EncryptionPolicy.Prefer, "127.0.0.1", 3, 3, CryptoMethods.Plaintext)]
    [InlineData(EncryptionPolicy.Prefer, "fe80::1", 3, 3, CryptoMethods.Plaintext)]
    [InlineData(EncryptionPolicy.Require, "192.168.1.5", 2, 2, CryptoMethods.Rc4)]
    [InlineData(EncryptionPolicy.Require, "8.8.8.8", 2, 2, CryptoMethods.Rc4)]
    public void A_policy_says_what_is_offered_accepted_and_preferred(EncryptionPolicy policy, string remote, uint offered, uint accepted, CryptoMethods preferred)
    {
        var address = System.Net.IPAddress.Parse(remote);
        Assert.Equal((CryptoMethods)offered, EncryptionOptions.ForDialling(policy, address).Methods);
        EncryptionOptions answering = EncryptionOptions.ForAnswering(policy, address);
        Assert.Equal(((CryptoMethods)accepted, preferred), (answering.Methods, answering.Preferred));
    }

    [Fact]
    public void There_are_no_options_where_encryption_is_forbidden()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EncryptionOptions.ForDialling(EncryptionPolicy.Forbid, System.Net.IPAddress.Loopback));
        Assert.Throws<ArgumentOutOfRangeException>(() => EncryptionOptions.ForAnswering(EncryptionPolicy.Forbid, System.Net.IPAddress.Loopback));
    }

    [Theory]
    [InlineData(CryptoMethods.Plaintext, CryptoMethods.Rc4)]
    [InlineData(CryptoMethods.Rc4, CryptoMethods.Plaintext)]
    [InlineData(CryptoMethods.None, CryptoMethods.Rc4)]
    [InlineData((CryptoMethods)0xFFFF_FFFC, CryptoMethods.Plaintext | CryptoMethods.Rc4)]
    public void Without_a_common_method_there_is_no_session(CryptoMethods offered, CryptoMethods accepted)
    {
        var pair = new HandshakePair(new EncryptionOptions { Methods = offered }, new EncryptionOptions { Methods = accepted });
        pair.Run();
        Assert.Equal("it offers no method that is accepted here", pair.B.Closed);
        Assert.Null(pair.B.Session);
        Assert.Null(pair.A.Session);
    }

    [Fact]
    public void A_torrent_is_found_among_many()
    {
        Sha1Hash[] torrents = [.. Enumerable.Range(0, 10_000).Select(n => Sha1Hash.Of(Encoding.ASCII.GetBytes($"torrent {n}")))];
        Func<Sha1Hash, Sha1Hash?> find = HandshakePair.Find(torrents);
        int asked = 0;
        foreach (Sha1Hash torrent in (Sha1Hash[])[torrents[0], torrents[5000], torrents[^1]])
        {
            EncryptionHandshake a = EncryptionHandshake.Initiate(new(), torrent, default, new Random(1));
            EncryptionHandshake b = EncryptionHandshake.Respond(new(), key => { asked++; return find(key); }, new Random(2));
            HandshakePair.Feed(b, HandshakePair.Take(a), 100);
            HandshakePair.Feed(a, HandshakePair.Take(b), 100);
            HandshakePair.Feed(b, HandshakePair.Take(a), 100);
            Assert.Equal(torrent, b.Session!.InfoHash);
        }
        Assert.Equal(3, asked);
    }

    [Fact]
    public void Random_paddings_stay_within_their_bounds()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var pair = new HandshakePair(seed: seed);
            pair.Run();
            AssertSame(pair);
            Assert.InRange(pair.FromA.Count, 157, 157 + 2 * 512);
            Assert.InRange(pair.FromB.Count, 110, 110 + 190 + 512);
        }
    }

    [Fact]
    public void A_long_initial_payload_arrives_and_one_too_long_is_refused()
    {
        byte[] payload = new byte[16 * 1024];
        new Random(5).NextBytes(payload);
        var pair = new HandshakePair(payload: payload);
        pair.Run(777);
        Assert.Equal(payload, pair.B.Session!.InitialPayload.ToArray());
        var refused = new HandshakePair(payload: new byte[16 * 1024 + 1]);
        refused.Run();
        Assert.Equal("its initial payload is too long", refused.B.Closed);
        Assert.Throws<ArgumentException>(() => new HandshakePair(payload: new byte[65536]));
    }

    private static void AssertSame(HandshakePair pair, CryptoMethods method = CryptoMethods.Rc4)
    {
        Assert.Null(pair.A.Closed);
        Assert.Null(pair.B.Closed);
        EncryptedSession a = pair.A.Session!, b = pair.B.Session!;
        Assert.Equal((method, method), (a.Method, b.Method));
        Assert.Equal(HandshakePair.Torrent, b.InfoHash);
        Assert.Equal("hello", Encoding.ASCII.GetString(b.InitialPayload.Span));
        Assert.Equal(method == CryptoMethods.Rc4, a.Outgoing is not null);
        if (method != CryptoMethods.Rc4)
            return;
        byte[] there = "there"u8.ToArray(), back = "and back"u8.ToArray();
        a.Outgoing!.Apply(there);
        b.Outgoing!.Apply(back);
        Assert.NotEqual("there", Encoding.ASCII.GetString(there));
        b.Incoming!.Apply(there);
        a.Incoming!.Apply(back);
        Assert.Equal(("there", "and back"), (Encoding.ASCII.GetString(there), Encoding.ASCII.GetString(back)));
    }
}
