using Compeer.Protocols;
using Compeer.Protocols.Picking;
using Compeer.Protocols.PeerWire;
using static Compeer.Tests.Picking.PickerTestKit;

namespace Compeer.Tests.Picking;

public class PiecePickerTests
{
    [Fact]
    public void A_torrent_without_pieces_is_complete() =>
        Assert.True(new PiecePicker(new PickerOptions(), 0, _ => 1, new Random(1)).IsComplete);

    [Fact]
    public void Blocks_of_a_piece_are_asked_for_once_and_the_last_may_be_short()
    {
        var picker = new PiecePicker(new PickerOptions(), 1, _ => 2 * Block + 5, new Random(1));
        List<BlockRequest> got = picker.Take(7, All(1), 9);
        Assert.Equal([new(0, 0, Block), new(0, Block, Block), new(0, 2 * Block, 5)], got);
        Assert.Equal(3, picker.InFlightBlocks);
        Assert.Equal(2 * Block + 5, picker.InFlightBytes);
        Assert.Equal(2 * Block + 5, picker.WantedBytesLeft);
        Assert.Equal((BlockOutcome.Accepted, -1), picker.Arrives(7, got[0]));
        Assert.Equal((BlockOutcome.Accepted, -1), picker.Arrives(7, got[2]));
        Assert.Equal(Block, picker.WantedBytesLeft);
        Assert.Equal((BlockOutcome.PieceComplete, -1), picker.Arrives(7, got[1]));
        Assert.Equal(0, picker.InFlightBytes);
        Assert.Empty(picker.Take(7, All(1), 9)); // waits for its verdict
        picker.PieceVerified(0);
        Assert.True(picker.IsComplete && picker.Have[0]);
        Assert.Equal(0, picker.PartialCount);
    }

    [Fact]
    public void Rare_pieces_come_before_common_ones()
    {
        PiecePicker picker = Picker(40, 1);
        picker.PeerJoined(All(40));
        for (int piece = 0; piece < 40; piece++)
        {
            for (int copies = 0; copies < (piece * 7) % 40; copies++)
                picker.PeerGained(piece);
        }
        int[] expected = [.. Enumerable.Range(0, 40).OrderBy(p => picker.Availability(p))];
        Assert.Equal(expected, picker.FetchAll(1, All(40)));
    }

    [Fact]
    public void Equally_rare_pieces_are_started_in_every_order()
    {
        var first = new int[8];
        for (int seed = 0; seed < 4000; seed++)
        {
            PiecePicker picker = Picker(10, 1, seed);
            picker.PeerJoined(All(10));
            picker.PeerGained(8);
            picker.PeerGained(9);
            first[picker.Take(1, All(10), 1)[0].Index]++;
        }
        Assert.All(first, n => Assert.InRange(n, 400, 600)); // 500 expected, standard deviation 21
    }

    [Fact]
    public void Order_stays_shuffled_when_pieces_change_their_rarity_one_by_one()
    {
        var first = new int[6];
        for (int seed = 0; seed < 3000; seed++)
        {
            PiecePicker picker = Picker(7, 1, seed);
            picker.PeerJoined(All(7));
            picker.Take(9, Only(7, 6), 1); // builds the order
            for (int piece = 0; piece < 6; piece++)
                picker.PeerGained(piece);
            first[picker.Take(1, All(7), 1)[0].Index]++;
        }
        Assert.All(first, n => Assert.InRange(n, 400, 600));
    }

    [Fact]
    public void First_pieces_are_random_whatever_their_rarity()
    {
        var first = new int[20];
        for (int seed = 0; seed < 4000; seed++)
        {
            PiecePicker picker = Picker(20, 1, seed, new PickerOptions());
            for (int piece = 0; piece < 20; piece++)
                picker.PeerJoined(Only(20, [.. Enumerable.Range(0, piece + 1)]));
            first[picker.Take(1, All(20), 1)[0].Index]++;
        }
        Assert.All(first.Take(19), n => Assert.InRange(n, 130, 280)); // 200 expected
    }

    [Fact]
    public void A_higher_priority_beats_rarity_and_zero_is_never_asked_for()
    {
        PiecePicker picker = Picker(6, 1);
        picker.PeerJoined(All(6));
        picker.PeerGained(3);
        picker.SetPriority(3, 7);
        picker.SetPriority(0, 1);
        picker.SetPriority(5, 0);
        List<int> order = picker.FetchAll(1, All(6));
        Assert.Equal(5, order.Count);
        Assert.Equal((3, 0), (order[0], order[^1]));
        Assert.DoesNotContain(5, order);
        Assert.True(picker.IsComplete);
        picker.SetPriority(5, 2);
        Assert.False(picker.IsComplete);
        Assert.Equal([5], picker.FetchAll(1, All(6)));
    }

    [Fact]
    public void Sequential_goes_by_index_within_each_priority()
    {
        PiecePicker picker = Picker(200, 2);
        picker.Mode = PickMode.Sequential;
        picker.PeerJoined(All(200));
        picker.SetPriority(150, 6);
        picker.SetPriority(100, 6);
        Assert.Equal([100, 150, .. Enumerable.Range(0, 200).Except([100, 150])], picker.FetchAll(1, All(200), Fast));
    }

    [Fact]
    public void A_snubbed_peer_gets_the_commonest_pieces()
    {
        PiecePicker picker = Picker(20, 1);
        for (int piece = 0; piece < 20; piece++)
            picker.PeerJoined(Only(20, [.. Enumerable.Range(0, piece + 1)]));
        // Piece 0 is in 20 copies, piece 19 in one.
        Assert.Equal(0, picker.Take(1, All(20), 1, Snubbed)[0].Index);
        Assert.Equal(19, picker.Take(2, All(20), 1)[0].Index);
        Assert.Equal(Enumerable.Range(1, 19), picker.FetchAll(1, All(20), Snubbed));
    }

    [Fact]
    public void Fast_peers_work_on_pieces_of_their_own_and_slow_ones_share()
    {
        PiecePicker picker = Picker(10, 8);
        picker.PeerJoined(All(10));
        for (int peer = 1; peer <= 4; peer++)
            picker.Take(peer, new PieceSet(10), 1); // four peers that fetch
        int fast = picker.Take(1, All(10), 2, Fast)[0].Index;
        int otherFast = picker.Take(2, All(10), 2, Fast)[0].Index;
        int slow = picker.Take(3, All(10), 2)[0].Index;
        int otherSlow = picker.Take(4, All(10), 2)[0].Index;
        Assert.Equal(3, new HashSet<int> { fast, otherFast, slow }.Count);
        Assert.Equal(slow, otherSlow);
        Assert.Equal(fast, picker.Take(1, All(10), 1, Fast)[0].Index);
    }

    [Fact]
    public void What_a_fast_peer_left_is_taken_over_by_the_next()
    {
        PiecePicker picker = Picker(10, 8);
        picker.PeerJoined(All(10));
        List<BlockRequest> got = picker.Take(1, All(10), 4, Fast);
        picker.Arrives(1, got[0]);
        picker.PeerGone(1, []);
        Assert.Equal(0, picker.InFlightBlocks);
        List<BlockRequest> next = picker.Take(2, All(10), 7, Fast);
        Assert.All(next, r => Assert.Equal(got[0].Index, r.Index));
        Assert.DoesNotContain(got[0], next);
    }

    [Theory]
    [InlineData("by number", 2, 1 << 30, 9)]
    [InlineData("by bytes", 100, 2 * 4 * Block, 9)]
    [InlineData("by peers", 100, 1 << 30, 0.4)]
    public void Too_many_pieces_in_progress_are_finished_first(string name, int maxPieces, long bytes, double perPeer)
    {
        PiecePicker picker = Picker(100, 4, options: new PickerOptions
        {
            RandomFirst = 0, MaxPartialPieces = maxPieces, FinishFirstBytes = bytes, PartialsPerPeer = perPeer,
        });
        for (int peer = 0; peer < 3; peer++)
            picker.Take(peer, All(100), 1, Fast);
        Assert.True(picker.PartialCount >= 1, name);
        int begun = picker.PartialCount;
        int free = begun * 4 - 3; // all that three peers left
        picker.Take(9, All(100), free, Fast);
        Assert.True(picker.PartialCount == begun, name);
    }

    [Fact]
    public void No_piece_is_started_beyond_the_limit_and_one_can_be_dropped_to_make_room()
    {
        var options = new PickerOptions { RandomFirst = 0, MaxPartialBytes = 24 * Block };
        PiecePicker picker = Picker(100, 4, options: options);
        picker.PeerJoined(All(100));
        List<BlockRequest> got = picker.Take(1, All(100), 400, Fast with { IsIdle = false });
        Assert.Equal(24, got.Count);
        Assert.Equal(4, picker.Take(2, All(100), 400, Fast).Count); // one piece for an idle peer
        Assert.Equal(20, Enumerable.Range(3, 9).Sum(peer => picker.Take(peer, All(100), 400, Fast).Count));
        Assert.Equal(12, picker.PartialCount);
        foreach (int peer in Enumerable.Range(2, 10))
            picker.PeerGone(peer, []);
        Assert.True(picker.IsAtPartialLimit);
        Assert.False(picker.TryDropPartial(out _));
        picker.Arrives(1, got[0]);
        foreach (BlockRequest request in got)
            picker.OnRequestLost(1, request);
        Assert.Equal(1, picker.PartialCount);
        Assert.True(picker.TryDropPartial(out int dropped));
        Assert.Equal(got[0].Index, dropped);
        Assert.Equal((0, 100L * 4 * Block), (picker.PartialCount, picker.WantedBytesLeft));
    }

    [Fact]
    public void A_choking_peer_is_asked_only_for_its_allowed_fast_pieces()
    {
        PiecePicker picker = Picker(10, 1);
        picker.PeerJoined(All(10));
        Assert.Empty(picker.Take(1, All(10), 5, new PickHints { Only = new HashSet<int>() }));
        PieceSet notFour = Only(10, 0, 1, 2, 3);
        List<BlockRequest> got = picker.Take(1, notFour, 5, new PickHints { Only = new HashSet<int> { 2, 4, 99, -1, 1 } });
        Assert.Equal([2, 1], got.Select(r => r.Index));
    }

    [Fact]
    public void Suggested_pieces_come_before_rare_ones()
    {
        PiecePicker picker = Picker(50, 1);
        picker.PeerJoined(All(50));
        picker.PeerGained(33);
        Assert.Equal(33, picker.Take(1, All(50), 1, new PickHints { Suggested = new[] { 1000, 33 } })[0].Index);
    }

    [Fact]
    public void Lost_requests_go_to_the_next_peer_and_a_late_block_still_counts()
    {
        PiecePicker picker = Picker(1, 2);
        picker.PeerJoined(All(1));
        List<BlockRequest> got = picker.Take(1, All(1), 2);
        picker.OnRequestLost(1, got[0]);
        picker.OnRequestLost(1, got[0]); // twice does no harm
        picker.OnRequestLost(2, got[1]); // nor from somebody who was not asked
        Assert.Equal(got[..1], picker.Take(2, All(1), 2));
        Assert.Equal((BlockOutcome.Accepted, 2), picker.Arrives(1, got[0]));
        Assert.Equal((BlockOutcome.Duplicate, -1), picker.Arrives(2, got[0]));
        Assert.Equal([1, -1], picker.SourcesOf(0).ToArray());
        picker.OnRequestLost(1, got[1]);
        Assert.Equal(0, picker.InFlightBlocks);
    }

    [Theory]
    [InlineData("piece out of range", 9, 0, Block)]
    [InlineData("negative piece", -1, 0, Block)]
    [InlineData("begin inside a block", 0, 1, Block)]
    [InlineData("begin past the end", 0, 4 * Block, Block)]
    [InlineData("negative begin", 0, -Block, Block)]
    [InlineData("short block", 0, 0, Block - 1)]
    [InlineData("long block", 0, 0, Block + 1)]
    [InlineData("unwanted piece", 1, 0, Block)]
    [InlineData("verified piece", 2, 0, Block)]
    [InlineData("bad block of a piece not begun", 3, 5, Block)]
    public void Blocks_that_were_not_asked_for_are_dropped(string name, int piece, int begin, int length)
    {
        PiecePicker picker = Picker(4);
        picker.SetPriority(1, 0);
        picker.PieceVerified(2);
        picker.Take(1, Only(4, 0), 1);
        Assert.True(picker.OnBlock(1, piece, begin, length, out _) == BlockOutcome.Duplicate, name);
        picker.OnRequestLost(1, new BlockRequest(piece, begin, length));
        Assert.Equal((1, 1), (picker.InFlightBlocks, picker.PartialCount));
    }

    [Fact]
    public void A_failed_piece_starts_over_and_a_lost_piece_is_wanted_again()
    {
        PiecePicker picker = Picker(2, 1);
        picker.PeerJoined(All(2));
        foreach (BlockRequest r in picker.Take(1, All(2), 2))
            picker.Arrives(1, r);
        picker.PieceFailed(0, fromOnePeer: false);
        picker.PieceVerified(1);
        Assert.Equal(Block, picker.WantedBytesLeft);
        Assert.Equal([0], picker.FetchAll(1, All(2)));
        Assert.True(picker.IsComplete);
        picker.PieceLost(1);
        Assert.Equal((1, (long)Block), (picker.MissingCount, picker.WantedBytesLeft));
        Assert.Equal([1], picker.FetchAll(1, All(2)));
    }

    [Fact]
    public void A_suspect_gets_pieces_for_itself_alone()
    {
        PiecePicker picker = Picker(10, 4);
        picker.PeerJoined(All(10));
        int shared = picker.Take(1, All(10), 1)[0].Index;
        int alone = picker.Take(2, All(10), 1, OnParole)[0].Index;
        Assert.NotEqual(shared, alone);
        Assert.DoesNotContain(picker.Take(1, All(10), 100), r => r.Index == alone);
        Assert.All(picker.Take(2, All(10), 3, OnParole), r => Assert.Equal(alone, r.Index));
    }

    [Fact]
    public void A_piece_reserved_for_a_suspect_is_opened_when_nothing_else_is_left()
    {
        PiecePicker picker = Picker(1, 4);
        picker.PeerJoined(All(1));
        picker.Take(2, All(1), 1, OnParole);
        Assert.Single(picker.Take(1, All(1), 9));
        picker.PeerGone(2, []);
        Assert.Equal(3, picker.Take(1, All(1), 9, Busy).Count);
    }

    [Fact]
    public void A_piece_that_failed_mixed_is_fetched_from_one_peer_alone()
    {
        PiecePicker picker = Picker(2, 4);
        picker.PeerJoined(All(2));
        foreach (BlockRequest r in picker.Take(1, Only(2, 0), 4))
            picker.Arrives(1, r);
        picker.PieceFailed(0, fromOnePeer: true);
        picker.Arrives(1, picker.Take(1, Only(2, 0), 2)[0]);
        Assert.All(picker.Take(2, All(2), 9), r => Assert.Equal(1, r.Index)); // not mixed again
        var dropped = new List<int>();
        picker.PeerGone(1, dropped);
        Assert.Equal([0], dropped);
        Assert.Equal(4, picker.Take(3, Only(2, 0), 9, Busy).Count); // from the start
    }

    [Fact]
    public void A_peer_that_chokes_us_cannot_hold_a_reserved_piece_for_ever()
    {
        PiecePicker picker = Picker(1, 4);
        picker.PeerJoined(All(1));
        foreach (BlockRequest r in picker.Take(1, All(1), 4))
            picker.Arrives(1, r);
        picker.PieceFailed(0, fromOnePeer: true);
        List<BlockRequest> got = picker.Take(1, All(1), 4);
        picker.Arrives(1, got[0]);
        foreach (BlockRequest request in got[1..])
            picker.OnRequestLost(1, request);
        picker.FetchAll(2, All(1));
        Assert.True(picker.IsComplete);
    }

    [Fact]
    public void A_lone_suspect_finishes_what_others_began()
    {
        PiecePicker picker = Picker(1, 4);
        picker.PeerJoined(All(1));
        picker.Arrives(1, picker.Take(1, All(1), 2)[0]);
        picker.PeerGone(1, []);
        picker.FetchAll(2, All(1), OnParole);
        Assert.True(picker.IsComplete);
    }

    [Fact]
    public void Priority_changes_while_a_piece_is_in_progress()
    {
        PiecePicker picker = Picker(2, 4);
        picker.PeerJoined(All(2));
        List<BlockRequest> got = picker.Take(1, All(2), 2);
        int piece = got[0].Index;
        picker.SetPriority(piece, 0);
        Assert.Equal(4 * Block, picker.WantedBytesLeft);
        Assert.Equal(BlockOutcome.Accepted, picker.Arrives(1, got[0]).Outcome);
        Assert.DoesNotContain(picker.Take(2, All(2), 99), r => r.Index == piece);
        picker.SetPriority(piece, 4);
        Assert.Equal(7 * Block, picker.WantedBytesLeft);
        Assert.Equal(2, picker.Take(3, All(2), 99).Count);
    }

    [Fact]
    public void Interest_follows_what_is_wanted()
    {
        PiecePicker picker = Picker(3, 1);
        Assert.True(picker.IsInteresting(Only(3, 1)));
        picker.PieceVerified(1);
        Assert.False(picker.IsInteresting(Only(3, 1)));
        picker.SetPriority(2, 0);
        Assert.False(picker.IsInteresting(Only(3, 1, 2)));
        picker.PieceLost(1);
        Assert.True(picker.IsInteresting(Only(3, 1, 2)));
    }

    [Fact]
    public void Misuse_throws()
    {
        PiecePicker picker = Picker(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => picker.SetPriority(0, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => picker.Take(-1, All(1), 1));
    }
}
