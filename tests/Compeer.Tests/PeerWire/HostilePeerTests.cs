using System.Text;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>What a peer may send to hurt us: each ends the session with a reason, or is ignored, and nothing throws.</summary>
public class HostilePeerTests
{
    private const int Many = 60;

    private static byte[] Times(int count, byte[] message) => [.. Enumerable.Repeat(message, count).SelectMany(m => m)];

    public static TheoryData<string, byte[], string> Fatal => new()
    {
        { "late bitfield too short", [.. WireBytes.Have(1), .. WireBytes.Bitfield(0)], "wrong length" },
        { "late bitfield with a spare bit", [.. WireBytes.Frame(2), .. WireBytes.Bitfield(0, 1)], "spare bits" },
        { "second bitfield too long", [.. WireBytes.Bitfield(0, 0), .. WireBytes.Bitfield(0, 0, 0)], "wrong length" },
        { "have all and have none", [.. WireBytes.Frame(14), .. WireBytes.Frame(15)], "late that it has nothing" },
        { "have none late", [.. WireBytes.Frame(1), .. WireBytes.Frame(15)], "late that it has nothing" },
        { "bitfield too short", WireBytes.Bitfield(0xFF), "wrong length" },
        { "bitfield too long", WireBytes.Bitfield(0xFF, 0xC0, 0), "wrong length" },
        { "bitfield empty", WireBytes.Bitfield(), "wrong length" },
        { "bitfield with a spare bit", WireBytes.Bitfield(0xFF, 0xC1), "spare bits" },
        { "have of the piece behind the last", WireBytes.Have(10), "does not exist" },
        { "have -1", WireBytes.Have(-1), "does not exist" },
        { "have 2^31-1", WireBytes.Have(int.MaxValue), "does not exist" },
        { "request of the piece behind the last", WireBytes.Request(10, 0, 16384), "does not exist" },
        { "request of piece -1", WireBytes.Request(-1, 0, 16384), "does not exist" },
        { "request beyond the piece", WireBytes.Request(0, 32768 - 16383, 16384), "does not exist" },
        { "request beyond the short last piece", WireBytes.Request(9, 0, 16384), "does not exist" },
        { "request from -1", WireBytes.Request(0, -1, 16384), "does not exist" },
        { "request from 2^31-1", WireBytes.Request(0, int.MaxValue, 1), "does not exist" },
        { "request whose end overflows", WireBytes.Request(0, int.MaxValue, int.MaxValue), "does not exist" },
        { "request of length zero", WireBytes.Request(0, 0, 0), "does not exist" },
        { "request of length -1", WireBytes.Request(0, 16384, -1), "does not exist" },
        { "request longer than any client's", WireBytes.Request(0, 0, 128 * 1024 + 1), "does not exist" },
        { "blocks nobody asked for", Times(Many, WireBytes.Piece(0, 0, 16384)), "nobody asked for" },
        { "empty blocks nobody asked for", Times(Many, WireBytes.Piece(0, 0, 0)), "nobody asked for" },
        { "blocks of a piece that does not exist", Times(Many, WireBytes.Piece(-1, -1, 1)), "nobody asked for" },
        { "refusals of requests never made", Times(Many, WireBytes.Reject(0, 0, 16384)), "not made" },
        { "suggest out of range", WireBytes.Suggest(10), "does not exist" },
        { "suggest -1", WireBytes.Suggest(-1), "does not exist" },
        { "allowed fast out of range", WireBytes.AllowedFast(10), "does not exist" },
        { "allowed fast 2^31-1", WireBytes.AllowedFast(int.MaxValue), "does not exist" },
        { "giant frame", WireBytes.Lie(0x7FFF_FFFF, 7), "2147483647 bytes" },
        { "frame of 4 GiB", WireBytes.Lie(0xFFFF_FFFF, 20), "4294967295 bytes" },
        { "block longer than 16 KiB", WireBytes.Lie(9 + 16385, 7), "impossible length" },
        { "extension handshake of no dictionary", WireBytes.Extended(0, "i1e"), "not a bencoded dictionary" },
        { "extension handshake that ends early", WireBytes.Extended(0, "d1:m"), "not a bencoded dictionary" },
        { "extension handshake of nothing", WireBytes.Extended(0), "not a bencoded dictionary" },
        { "extension handshake nested deeply", WireBytes.Extended(0, "d1:m" + new string('l', 100_000)), "not a bencoded dictionary" },
        { "extension handshake of very many values", WireBytes.Extended(0, "d1:ml" + string.Concat(Enumerable.Repeat("0:", 60_000)) + "ee"), "not a bencoded dictionary" },
        { "extension handshake with a string of 2^63", WireBytes.Extended(0, "d1:v9223372036854775807:xe"), "not a bencoded dictionary" },
        { "extension handshake with a negative string", WireBytes.Extended(0, "d1:v-1:xe"), "not a bencoded dictionary" },
        { "extension handshake with a key twice", WireBytes.Extended(0, "d1:pi1e1:pi2ee"), "not a bencoded dictionary" },
        { "lt_donthave of a piece that does not exist", WireBytes.Extended(2, WireBytes.Int(10)), "does not exist" },
        { "lt_donthave -1", WireBytes.Extended(2, WireBytes.Int(-1)), "does not exist" },
        { "lt_donthave too short", WireBytes.Extended(2, 1, 2, 3), "wrong length" },
        { "lt_donthave too long", WireBytes.Extended(2, 1, 2, 3, 4, 5), "wrong length" },
        { "metadata message of no dictionary", WireBytes.Extended(1, "le"), "not a bencoded dictionary" },
        { "metadata message without a piece", WireBytes.Extended(1, "d8:msg_typei0ee"), "not a bencoded dictionary" },
        { "metadata request of piece -1", WireBytes.Extended(1, "d8:msg_typei0e5:piecei-1ee"), "not a bencoded dictionary" },
        { "metadata request of piece 2^31", WireBytes.Extended(1, "d8:msg_typei0e5:piecei2147483648ee"), "not a bencoded dictionary" },
        { "metadata piece longer than 16 KiB", WireBytes.Extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei9eee" + new string('x', 16385)), "longer than 16 KiB" },
        { "metadata nobody asked for", Times(Many, WireBytes.Extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei1eex")), "nobody asked for" },
        { "metadata refused that nobody asked for", Times(Many, WireBytes.Extended(1, "d8:msg_typei2e5:piecei0ee")), "nobody asked for" },
        { "hashes nobody asked for", Times(Many, WireBytes.HashRequest(22, 0, 0, 2, 0, new byte[64])), "nobody asked for" },
        { "hash refusals nobody asked for", Times(Many, WireBytes.HashRequest(23, 0, 0, 2, 0)), "nobody asked for" },
    };

    [Theory]
    [MemberData(nameof(Fatal))]
    public void It_ends_with_a_reason(string name, byte[] sent, string reason)
    {
        PeerWireSession session = WireSession.New();
        session.Unchoke();
        session.FeedAt(0, sent);
        Assert.True(session.Closed?.Contains(reason, StringComparison.Ordinal) == true, $"{name}: {session.Closed ?? "still open"}");
        string why = session.Closed!;
        Assert.Empty(session.Feed(WireBytes.Have(1), WireBytes.Frame(1)));
        session.OnDeadline(WireSession.At(10_000));
        Assert.Equal(why, session.Closed);
        Assert.Equal(Protocols.Instant.Never, session.NextDeadline);
    }

    [Theory]
    [MemberData(nameof(Fatal))]
    public void It_ends_the_same_when_it_comes_byte_by_byte(string name, byte[] sent, string reason)
    {
        PeerWireSession whole = WireSession.New();
        PeerWireSession slow = WireSession.New();
        whole.FeedAt(0, sent);
        foreach (byte value in sent)
            slow.FeedAt(0, [value]);
        Assert.True(WireSession.State(whole) == WireSession.State(slow), $"{name}: {reason}");
    }

    [Theory]
    [InlineData("have all", 14)]
    [InlineData("have none", 15)]
    [InlineData("suggest", 13, 0, 0, 0, 1)]
    [InlineData("allowed fast", 17, 0, 0, 0, 1)]
    [InlineData("reject", 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)]
    public void The_fast_extension_without_having_offered_it(string name, int id, params int[] body)
    {
        PeerWireSession session = WireSession.New(ReservedBits.Extensions);
        session.Feed(WireBytes.Frame(id, [.. body.Select(b => (byte)b)]));
        Assert.True(session.Closed?.Contains("without having offered", StringComparison.Ordinal) == true, name);
    }

    public static TheoryData<string, byte[]> Harmless => new()
    {
        { "ids nobody knows", [.. WireBytes.Frame(10, 1, 2), .. WireBytes.Frame(18), .. WireBytes.Frame(24, new byte[5000]), .. WireBytes.Frame(254), .. WireBytes.Frame(255, 1)] },
        { "extensions nobody knows", [.. WireBytes.Extended(77, "garbage"), .. WireBytes.Extended(255), .. WireBytes.Extended(4)] },
        { "a metadata message of an unknown kind", WireBytes.Extended(1, "d8:msg_typei77e5:piecei0ee") },
        { "upload_only of a strange length", [.. WireBytes.Extended(3), .. WireBytes.Extended(3, 1, 1)] },
        { "lt_donthave of a piece it never had", WireBytes.Extended(2, WireBytes.Int(3)) },
        { "a cancel of nothing", WireBytes.Cancel(0, 0, 16384) },
        { "a cancel of nonsense", WireBytes.Cancel(-1, int.MinValue, int.MaxValue) },
        { "late bitfields of nothing new", [.. WireBytes.Frame(3), .. Times(1_000, WireBytes.Bitfield(0, 0))] },
        { "one late block", WireBytes.Piece(0, 0, 16384) },
        { "one late refusal", WireBytes.Reject(0, 0, 16384) },
        { "port zero", WireBytes.Frame(9, 0, 0) },
        { "not interested before interested", WireBytes.Frame(3) },
        { "a choke while choking", [.. WireBytes.Frame(0), .. WireBytes.Frame(0)] },
        { "a flood of keep-alives", Times(100_000, WireBytes.KeepAlive) },
        { "metadata piece data that is empty and unasked", WireBytes.Extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei0ee") },
    };

    [Theory]
    [MemberData(nameof(Harmless))]
    public void It_is_ignored(string name, byte[] sent)
    {
        PeerWireSession session = WireSession.New();
        Assert.True(session.FeedAt(0, sent).Count == 0, name);
        Assert.Null(session.Closed);
        Assert.Equal(0, session.QueuedControlBytes);
    }

    [Theory]
    [InlineData("length zero", 0, 0, 0, 0)]
    [InlineData("length one", 0, 0, 1, 0)]
    [InlineData("length -1", 0, 0, -1, 0)]
    [InlineData("length 2^31-1", 0, 0, int.MaxValue, 0)]
    [InlineData("length not a power of two", 0, 0, 3, 0)]
    [InlineData("length beyond 512", 0, 0, 1024, 0)]
    [InlineData("index -2", 0, -2, 2, 0)]
    [InlineData("index not a multiple of the length", 0, 2, 4, 0)]
    [InlineData("base layer -1", -1, 0, 2, 0)]
    [InlineData("base layer 2^31-1", int.MaxValue, 0, 2, 0)]
    [InlineData("proof layers -1", 0, 0, 2, -1)]
    [InlineData("proof layers 2^31-1", 0, 0, 2, int.MaxValue)]
    public void A_request_for_impossible_hashes_is_refused(string name, int baseLayer, int index, int length, int proofLayers)
    {
        PeerWireSession session = WireSession.New();
        Assert.Empty(session.Feed(WireBytes.HashRequest(21, baseLayer, index, length, proofLayers)));
        Assert.True(session.Closed is null, name);
        Assert.Equal(WireBytes.HashRequest(23, baseLayer, index, length, proofLayers), session.Sent());
    }

    public static TheoryData<string, byte[]> Floods => new()
    {
        { "requests while choked", Times(201, WireBytes.Request(0, 0, 16384)) },
        { "cancels", Times(201, WireBytes.Cancel(0, 0, 16384)) },
        { "impossible hash requests", Times(201, WireBytes.HashRequest(21, 0, 0, 0, 0)) },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_flood_within_a_minute_ends_it(string name, byte[] sent)
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxRefused = 200 });
        session.FeedAt(0, sent);
        Assert.True(session.Closed == "it floods us with requests", name);
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public void The_same_over_hours_does_not(string name, byte[] sent)
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxRefused = 200 });
        for (int hour = 0; hour < 10; hour++)
        {
            session.FeedAt(3600 * hour, sent.AsSpan(0, sent.Length / 201 * 150));
            session.Sent(3600 * hour);
        }
        Assert.True(session.Closed is null, name);
    }

    [Fact]
    public void Requests_beyond_the_queue_are_refused_one_by_one()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxIncomingRequests = 3 });
        session.Unchoke();
        session.Sent();
        for (int i = 0; i < 5; i++)
            session.Feed(WireBytes.Request(i, 0, 16384));
        Assert.Equal(3, session.IncomingRequests);
        Assert.Equal([.. WireBytes.Reject(3, 0, 16384), .. WireBytes.Reject(4, 0, 16384)], session.Sent());
    }

    [Fact]
    public void A_remote_that_asks_and_does_not_read_is_closed()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxQueuedControlBytes = 1_000 });
        for (int i = 0; i < 100 && session.Closed is null; i++)
            session.Feed(WireBytes.Request(0, 0, 16384));
        Assert.Equal("it does not read what we send", session.Closed);
        Assert.InRange(session.QueuedControlBytes, 1_000, 1_100);
    }

    [Fact]
    public void Many_requests_for_metadata_at_once_do_not_fill_memory()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Extended(0, "d1:md11:ut_metadatai3eee"));
        for (int i = 0; i < 2_000; i++)
        {
            Assert.Single(session.Feed(WireBytes.Extended(1, $"d8:msg_typei0e5:piecei{i}ee")));
            session.SendMetadata(i, 40_000_000, new byte[16384]);
        }
        Assert.Null(session.Closed);
        Assert.InRange(session.QueuedControlBytes, 500_000, 800_000);
        session.Sent();
        session.SendMetadata(1, 40_000_000, new byte[16384]);
        Assert.InRange(session.QueuedControlBytes, 16384, 16500);
    }

    [Fact]
    public void Refusing_everything_ends_it()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Frame(14), WireBytes.Frame(1));
        for (int i = 0; i <= 50; i++)
        {
            Assert.True(session.Request(new BlockRequest(0, 0, 16384)));
            Assert.Single(session.Feed(WireBytes.Reject(0, 0, 16384)));
        }
        Assert.Equal("it refuses everything", session.Closed);
    }

    [Fact]
    public void A_block_in_between_shows_good_will()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Frame(14), WireBytes.Frame(1));
        for (int i = 0; i <= 200; i++)
        {
            Assert.True(session.Request(new BlockRequest(0, 0, 16384)));
            session.Feed(i % 40 == 0 ? WireBytes.Piece(0, 0, 16384) : WireBytes.Reject(0, 0, 16384));
        }
        Assert.Null(session.Closed);
    }

    [Fact]
    public void A_name_cannot_steer_a_terminal()
    {
        PeerWireSession session = WireSession.New();
        byte[] name = Encoding.UTF8.GetBytes("evil\u001b[31m\u202e\u0000\r\n\u2028\u200b\ue000 client 😀");
        session.Feed(WireBytes.Extended(0, [.. Encoding.ASCII.GetBytes($"d1:v{name.Length}:"), .. name, (byte)'e']));
        Assert.Equal("evil[31m client 😀", session.Remote.ClientName);
    }

    [Fact]
    public void A_long_name_is_cut_between_characters()
    {
        PeerWireSession session = WireSession.New();
        byte[] name = Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("😀", 5_000)));
        session.Feed(WireBytes.Extended(0, [.. Encoding.ASCII.GetBytes($"d1:v{name.Length}:"), .. name, (byte)'e']));
        Assert.Equal("a" + string.Concat(Enumerable.Repeat("😀", 49)), session.Remote.ClientName);
    }

    [Fact]
    public void Random_messages_never_throw_and_keep_all_bounds()
    {
        var random = new Random(4711);
        int[] ids = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 20, 21, 22, 23, 99];
        for (int round = 0; round < 2_000; round++)
        {
            PeerWireSession session = round % 2 == 0 ? WireSession.New() : WireSession.Magnet();
            session.Unchoke();
            session.Request(new BlockRequest(0, 0, 16384));
            for (int i = 0; i < 40 && session.Closed is null; i++)
            {
                int id = ids[random.Next(ids.Length)];
                byte[] body = new byte[id switch { 4 or 13 or 17 => 4, 6 or 8 or 16 => 12, 0 or 1 or 2 or 3 or 14 or 15 => 0, 21 or 23 => 48, _ => random.Next(80) }];
                random.NextBytes(body);
                for (int at = 0; at + 4 <= body.Length && random.Next(4) > 0; at += 4)
                    WireBytes.Int(random.Next(12)).CopyTo(body, at);
                session.FeedAt(i, WireBytes.Frame(id, body));
                session.TryTakeUpload(out _);
                while (session.TryTakeLost(out _))
                    session.Request(new BlockRequest(0, 0, 16384));
            }
            if (round % 4 == 1)
                session.SetPieces(WireSession.Pieces, WireSession.LengthAt);
            Assert.InRange(session.QueuedControlBytes, 0, 10_000);
            Assert.All(session.AllowedFast, piece => Assert.InRange(piece, 0, session.Closed is null && session.RemotePieces is not null ? 9 : 1 << 21));
        }
    }
}
