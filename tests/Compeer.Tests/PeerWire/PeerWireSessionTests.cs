using Compeer.Protocols;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

public class PeerWireSessionTests
{
    private static readonly BlockRequest First = new(0, 0, 16384);
    private static readonly BlockRequest Second = new(0, 16384, 16384);

    /// <summary>A session of a seed that serves us.</summary>
    private static PeerWireSession Served(ReservedBits remote = WireSession.All)
    {
        PeerWireSession session = WireSession.New(remote);
        session.Feed(WireBytes.Bitfield(0xFF, 0xC0), WireBytes.Frame(1));
        return session;
    }

    [Fact]
    public void The_fast_extension_needs_both_sides()
    {
        Assert.True(WireSession.New(ReservedBits.Fast).HasFast);
        Assert.False(WireSession.New(ReservedBits.Extensions).HasFast);
        Assert.True(WireSession.New(ReservedBits.Extensions).HasExtensions);
        Assert.False(new PeerWireSession(
            new PeerWireOptions(), WireSession.Handshake(ReservedBits.None), WireSession.Handshake(WireSession.All), WireSession.At(0)).HasFast);
    }

    [Fact]
    public void Both_sides_begin_choking_and_not_interested()
    {
        PeerWireSession session = WireSession.New();
        Assert.True(session.AmChoking && session.PeerChoking);
        Assert.False(session.AmInterested || session.PeerInterested);
        Assert.Equal(0, session.RemotePieces!.Count);
    }

    [Fact]
    public void The_remotes_pieces_are_known_before_the_event()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(["Pieces 0 0 0"], session.Feed(WireBytes.Bitfield(0b1000_0000, 0)));
        Assert.Equal(["Have 3 0 0"], session.Feed(WireBytes.Have(3), WireBytes.Have(3), WireBytes.Have(0)));
        Assert.Equal(2, session.RemotePieces!.Count);
    }

    [Fact]
    public void What_says_nothing_of_pieces_may_come_before_them()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.KeepAlive, WireBytes.Extended(0, "de"), WireBytes.Frame(9, 26, 225), WireBytes.Frame(99), WireBytes.Frame(14));
        Assert.Null(session.Closed);
        Assert.True(session.RemotePieces!.IsComplete);
    }

    [Fact]
    public void A_later_bitfield_adds_what_is_new_in_it()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Frame(15), WireBytes.Have(3));
        Assert.Equal(["Have 0 0 0", "Have 9 0 0", "Have 1 0 0", "Unchoked 0 0 0"], session.Feed(
            WireBytes.Bitfield(0b1001_0000, 0b0100_0000), WireBytes.Bitfield(0b0100_0000, 0), WireBytes.Bitfield(0, 0), WireBytes.Frame(1)));
        Assert.Equal([0, 1, 3, 9], Enumerable.Range(0, 10).Where(i => session.RemotePieces![i]));
    }

    [Fact]
    public void A_later_have_all_adds_what_was_missing()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Bitfield(0xFF, 0));
        Assert.Equal(["Have 8 0 0", "Have 9 0 0"], session.Feed(WireBytes.Frame(14), WireBytes.Frame(14)));
        Assert.True(session.RemotePieces!.IsComplete);
    }

    [Fact]
    public void A_later_bitfield_that_ends_the_bytes_is_told_at_once()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Bitfield(0, 0));
        Assert.Equal(10, session.Feed(WireBytes.Bitfield(0xFF, 0xC0)).Count);
        Assert.True(session.RemotePieces!.IsComplete);
    }

    [Fact]
    public void Only_changes_are_told()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(["Unchoked 0 0 0"], session.Feed(WireBytes.Frame(1), WireBytes.Frame(1)));
        Assert.Equal(["Choked 0 0 0"], session.Feed(WireBytes.Frame(0), WireBytes.Frame(0)));
        Assert.Equal(["InterestChanged 0 0 0"], session.Feed(WireBytes.Frame(2), WireBytes.Frame(2)));
        Assert.Equal(["InterestChanged 0 0 0"], session.Feed(WireBytes.Frame(3)));
    }

    [Fact]
    public void Only_changes_are_sent()
    {
        PeerWireSession session = WireSession.New();
        session.SetInterested(false);
        session.Choke();
        Assert.Empty(session.Sent());
        session.SetInterested(true);
        session.SetInterested(true);
        session.Unchoke();
        session.Unchoke();
        session.SendHave(4);
        session.SendHave(5);
        Assert.Equal([.. WireBytes.Frame(2), .. WireBytes.Frame(1), .. WireBytes.Have(4), .. WireBytes.Have(5)], session.Sent());
    }

    [Fact]
    public void The_first_message_says_what_we_have_in_the_shortest_way()
    {
        var none = new PieceSet(WireSession.Pieces);
        var some = new PieceSet(WireSession.Pieces);
        some.Add(9);
        var all = new PieceSet(WireSession.Pieces);
        all.AddAll();
        foreach ((PieceSet have, byte[] fast, byte[] plain) in new (PieceSet, byte[], byte[])[]
        {
            (none, WireBytes.Frame(15), []), (some, WireBytes.Bitfield(0, 0x40), WireBytes.Bitfield(0, 0x40)), (all, WireBytes.Frame(14), WireBytes.Bitfield(0xFF, 0xC0)),
        })
        {
            PeerWireSession modern = WireSession.New();
            modern.SendPieces(have);
            Assert.Equal(fast, modern.Sent());
            PeerWireSession old = WireSession.New(ReservedBits.None);
            old.SendPieces(have);
            Assert.Equal(plain, old.Sent());
        }
    }

    [Fact]
    public void A_block_we_asked_for_arrives_once()
    {
        PeerWireSession session = Served();
        Assert.True(session.Request(First));
        Assert.False(session.Request(First));
        Assert.Equal(WireBytes.Request(0, 0, 16384), session.Sent());
        Assert.Equal(1, session.Outstanding);
        Assert.Equal([$"Block 0 0 16384 {WireSession.Hash8(WireBytes.Content(0, 0, 16384))}"], session.Feed(WireBytes.Piece(0, 0, 16384)));
        Assert.Equal(0, session.Outstanding);
        Assert.Empty(session.Feed(WireBytes.Piece(0, 0, 16384)));
    }

    [Fact]
    public void A_block_of_another_length_answers_nothing()
    {
        PeerWireSession session = Served();
        session.Request(First);
        Assert.Empty(session.Feed(WireBytes.Piece(0, 0, 16383)));
        Assert.Equal(1, session.Outstanding);
    }

    [Fact]
    public void A_cancelled_block_may_still_come()
    {
        PeerWireSession session = Served();
        session.Request(First);
        session.Cancel(First);
        session.Cancel(First);
        Assert.Equal([.. WireBytes.Request(0, 0, 16384), .. WireBytes.Cancel(0, 0, 16384)], session.Sent());
        Assert.Equal(0, session.Outstanding);
        Assert.Single(session.Feed(WireBytes.Piece(0, 0, 16384)), e => e.StartsWith("Block 0 0 16384 late", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cancelled_request_may_be_refused_and_made_again()
    {
        PeerWireSession session = Served();
        session.Request(First);
        session.Cancel(First);
        Assert.True(session.Request(First));
        Assert.Empty(session.Feed(WireBytes.Reject(0, 0, 16384)));
        Assert.Equal(1, session.Outstanding);
        Assert.DoesNotContain("late", Assert.Single(session.Feed(WireBytes.Piece(0, 0, 16384))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_given_up_twice_may_come_twice_and_no_more()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxUnrequested = 0 });
        session.Feed(WireBytes.Frame(1));
        for (int i = 0; i < 2; i++)
        {
            Assert.True(session.Request(First));
            session.Cancel(First);
        }
        Assert.Single(session.Feed(WireBytes.Piece(0, 0, 16384)));
        Assert.Empty(session.Feed(WireBytes.Reject(0, 0, 16384)));
        Assert.Null(session.Closed);
        session.Feed(WireBytes.Piece(0, 0, 16384));
        Assert.Equal("it sends blocks that nobody asked for", session.Closed);
    }

    [Fact]
    public void Everything_can_be_cancelled_at_once_but_for_what_is_urgent()
    {
        PeerWireSession session = Served();
        session.Request(First);
        session.Request(Second);
        session.Request(new BlockRequest(1, 0, 16384));
        session.Sent();
        List<BlockRequest> given = [];
        session.CancelAllBut(new HashSet<int> { 1 }, given);
        Assert.Equal([First, Second], given);
        Assert.Equal([.. WireBytes.Cancel(0, 0, 16384), .. WireBytes.Cancel(0, 16384, 16384)], session.Sent());
        Assert.Equal(1, session.Outstanding);
        session.CancelAllBut(new HashSet<int>(), given = []);
        Assert.Equal([new(1, 0, 16384)], given);
    }

    [Fact]
    public void Thousands_of_cancelled_blocks_are_remembered_and_no_more()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { DefaultOutstanding = 2000 });
        for (int i = 0; i < 10_000; i++)
        {
            session.Request(new BlockRequest(i % 10, i, 1));
            session.Cancel(new BlockRequest(i % 10, i, 1));
        }
        session.Sent();
        for (int i = 9_999; i > 9_999 - 4_096; i--)
            Assert.Single(session.Feed(WireBytes.Piece(i % 10, i, 1)));
        Assert.Empty(session.Feed(WireBytes.Piece(0, 0, 1)));
        Assert.Null(session.Closed);
    }

    [Fact]
    public void A_choke_without_the_fast_extension_loses_all_requests()
    {
        PeerWireSession session = Served(ReservedBits.None);
        session.Request(First);
        session.Request(Second);
        Assert.Equal(["Choked 0 0 0"], session.Feed(WireBytes.Frame(0)));
        Assert.Equal(0, session.Outstanding);
        var lost = new List<BlockRequest>();
        while (session.TryTakeLost(out BlockRequest request))
            lost.Add(request);
        Assert.Equal([First, Second], lost.OrderBy(r => r.Begin));
        Assert.Single(session.Feed(WireBytes.Piece(0, 0, 16384)), e => e.Contains("late", StringComparison.Ordinal));
    }

    [Fact]
    public void A_choke_with_the_fast_extension_leaves_them_until_refused()
    {
        PeerWireSession session = Served();
        session.Request(First);
        session.Request(Second);
        session.Feed(WireBytes.Frame(0));
        Assert.Equal(2, session.Outstanding);
        Assert.False(session.TryTakeLost(out _));
        Assert.Equal(["Rejected 0 0 16384"], session.Feed(WireBytes.Reject(0, 0, 16384)));
        Assert.Single(session.Feed(WireBytes.Piece(0, 16384, 16384)), e => !e.Contains("late", StringComparison.Ordinal));
    }

    [Fact]
    public void Refusals_after_a_choke_are_no_refusing_of_everything()
    {
        PeerWireSession session = Served();
        for (int i = 0; i < 200; i++)
            session.Request(new BlockRequest(i % 9, i, 1));
        session.Feed(WireBytes.Frame(0));
        for (int i = 0; i < 200; i++)
            session.Feed(WireBytes.Reject(i % 9, i, 1));
        Assert.Null(session.Closed);
        Assert.Equal(0, session.Outstanding);
    }

    [Fact]
    public void An_allowed_fast_piece_that_is_refused_is_offered_no_more()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(["AllowedFast 4 0 0"], session.Feed(WireBytes.AllowedFast(4)));
        Assert.Contains(4, session.AllowedFast);
        session.Request(new BlockRequest(4, 0, 16384));
        session.Feed(WireBytes.Reject(4, 0, 16384));
        Assert.Empty(session.AllowedFast);
    }

    [Fact]
    public void Offers_of_allowed_fast_pieces_end_somewhere()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxAllowedFast = 5 });
        Assert.Equal(5, session.Feed([.. Enumerable.Range(0, 10).Select(WireBytes.AllowedFast)]).Count);
        Assert.Equal(5, session.AllowedFast.Count);
        Assert.Null(session.Closed);
    }

    [Fact]
    public void No_more_requests_than_the_remote_takes()
    {
        PeerWireSession session = Served();
        Assert.Equal(250, session.MaxOutstanding);
        session.Feed(WireBytes.Extended(0, "d4:reqqi2ee"));
        Assert.Equal(2, session.MaxOutstanding);
        Assert.True(session.Request(First));
        Assert.True(session.Request(Second));
        Assert.False(session.Request(new BlockRequest(1, 0, 16384)));
        session.Feed(WireBytes.Extended(0, "d4:reqqi1000000000000ee"));
        Assert.Equal(2000, session.MaxOutstanding);
        session.Feed(WireBytes.Extended(0, "d4:reqqi-5ee"));
        Assert.Equal(2000, session.MaxOutstanding);
    }

    [Fact]
    public void Requests_are_served_in_order_once_unchoked()
    {
        PeerWireSession session = WireSession.New();
        session.Unchoke();
        session.Sent();
        Assert.Equal(["Request 0 0 0", "Request 0 0 0"], session.Feed(WireBytes.Request(0, 0, 16384), WireBytes.Request(9, 0, 10_000)));
        Assert.True(session.TryPeekUpload(out BlockRequest next));
        Assert.Equal(First, next);
        Assert.True(session.TryTakeUpload(out next));
        Assert.Equal(First, next);
        Assert.True(session.TryTakeUpload(out next));
        Assert.Equal(new BlockRequest(9, 0, 10_000), next);
        Assert.False(session.TryTakeUpload(out _));
        Assert.Empty(session.Sent());
    }

    [Theory]
    [InlineData(WireSession.All)]
    [InlineData(ReservedBits.None)]
    public void Requests_of_a_choked_remote_are_refused_or_dropped(ReservedBits remote)
    {
        PeerWireSession session = WireSession.New(remote);
        Assert.Empty(session.Feed(WireBytes.Request(0, 0, 16384)));
        Assert.Equal(session.HasFast ? WireBytes.Reject(0, 0, 16384) : [], session.Sent());
        session.Unchoke();
        session.Feed(WireBytes.Request(0, 0, 16384));
        session.Sent();
        session.Choke();
        Assert.Equal(0, session.IncomingRequests);
        Assert.Equal(session.HasFast ? [.. WireBytes.Frame(0), .. WireBytes.Reject(0, 0, 16384)] : WireBytes.Frame(0), session.Sent());
    }

    [Fact]
    public void A_cancel_takes_a_request_out_of_the_queue_and_answers_it()
    {
        PeerWireSession session = WireSession.New();
        session.Unchoke();
        session.Sent();
        session.Feed(WireBytes.Request(0, 0, 16384), WireBytes.Request(0, 16384, 16384), WireBytes.Cancel(0, 0, 16384), WireBytes.Cancel(0, 0, 16384));
        Assert.Equal(WireBytes.Reject(0, 0, 16384), session.Sent());
        Assert.True(session.TryTakeUpload(out BlockRequest next));
        Assert.Equal(Second, next);
    }

    [Fact]
    public void An_allowed_fast_piece_is_served_to_a_choked_remote_once_over()
    {
        PeerWireSession session = WireSession.New();
        session.SendAllowedFast(0);
        session.SendAllowedFast(0);
        Assert.Equal(WireBytes.AllowedFast(0), session.Sent());
        session.Feed(WireBytes.Request(0, 0, 16384), WireBytes.Request(1, 0, 16384), WireBytes.Request(0, 16384, 16384), WireBytes.Request(0, 0, 16384));
        Assert.Equal(2, session.IncomingRequests);
        Assert.Equal([.. WireBytes.Reject(1, 0, 16384), .. WireBytes.Reject(0, 0, 16384)], session.Sent());
    }

    [Fact]
    public void A_choke_keeps_requests_of_allowed_fast_pieces_in_order()
    {
        PeerWireSession session = WireSession.New();
        session.SendAllowedFast(0);
        session.Unchoke();
        session.Feed(WireBytes.Request(0, 0, 16384), WireBytes.Request(1, 0, 16384), WireBytes.Request(0, 16384, 16384));
        session.Sent();
        session.Choke();
        Assert.Equal([.. WireBytes.Frame(0), .. WireBytes.Reject(1, 0, 16384)], session.Sent());
        session.TryTakeUpload(out BlockRequest one);
        session.TryTakeUpload(out BlockRequest two);
        Assert.Equal((First, Second), (one, two));
    }

    [Fact]
    public void Silence_of_ours_is_filled_and_silence_of_theirs_ends_it()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(WireSession.At(100), session.NextDeadline);
        session.OnDeadline(WireSession.At(99));
        Assert.Empty(session.Sent(99));
        session.OnDeadline(WireSession.At(100));
        Assert.Equal(WireBytes.KeepAlive, session.Sent(100));
        session.FeedAt(120, WireBytes.KeepAlive);
        session.OnPayloadSent(WireSession.At(180));
        Assert.Equal(WireSession.At(270), session.NextDeadline);
        session.OnDeadline(WireSession.At(270));
        Assert.Equal("it was silent for too long", session.Closed);
        Assert.Equal(Instant.Never, session.NextDeadline);
    }

    [Fact]
    public void A_drip_of_single_bytes_is_no_sign_of_life()
    {
        PeerWireSession session = WireSession.New();
        byte[] block = WireBytes.Piece(0, 0, 16384);
        for (int i = 0; i < 160; i++)
            session.FeedAt(i, block.AsSpan(i, 1));
        session.OnDeadline(WireSession.At(160));
        Assert.Equal("it was silent for too long", session.Closed);
    }

    [Fact]
    public void The_same_events_come_however_the_bytes_are_cut()
    {
        byte[] stream =
        [
            .. WireBytes.Extended(0, "d1:md11:lt_donthavei7e11:upload_onlyi8e11:ut_metadatai9ee4:reqqi500e1:v4:teste"), .. WireBytes.Bitfield(0xF0, 0x40), .. WireBytes.KeepAlive,
            .. WireBytes.Frame(2), .. WireBytes.Frame(1), .. WireBytes.Have(6), .. WireBytes.Request(0, 0, 16384), .. WireBytes.Cancel(0, 0, 16384),
            .. WireBytes.Request(1, 0, 100), .. WireBytes.Piece(0, 0, 300), .. WireBytes.Suggest(2), .. WireBytes.AllowedFast(3), .. WireBytes.Reject(2, 0, 10),
            .. WireBytes.Extended(2, WireBytes.Int(0)), .. WireBytes.Extended(3, 1), .. WireBytes.Extended(1, "d8:msg_typei0e5:piecei0ee"),
            .. WireBytes.HashRequest(21, 0, 0, 4, 1), .. WireBytes.Frame(0),
        ];
        (List<string> Events, string State) Run(int cut)
        {
            PeerWireSession session = WireSession.New();
            session.Unchoke();
            session.Request(new BlockRequest(0, 0, 300));
            session.Request(new BlockRequest(2, 0, 10));
            List<string> events = session.FeedAt(1, stream.AsSpan(0, cut));
            events.AddRange(session.FeedAt(1, stream.AsSpan(cut)));
            return (events, WireSession.State(session));
        }
        (List<string> expected, string state) = Run(0);
        Assert.Equal(16, expected.Count);
        for (int cut = 1; cut <= stream.Length; cut++)
        {
            (List<string> events, string end) = Run(cut);
            Assert.Equal(expected, events);
            Assert.Equal(state, end);
        }
    }
}
