using Compeer.Protocols;
using Compeer.Protocols.Picking;
using Compeer.Protocols.PeerWire;
using static Compeer.Tests.Picking.PickerTestKit;

namespace Compeer.Tests.Picking;

public class PiecePickerEndGameTests
{
    [Fact]
    public void An_idle_peer_gets_one_busy_block_once_everything_is_asked_for()
    {
        PiecePicker picker = Picker(2, 4);
        picker.PeerJoined(All(2));
        picker.Take(1, All(2), 7, Fast);
        List<BlockRequest> rest = picker.Take(2, All(2), 8);
        Assert.Single(rest); // the last free block, and no busy one with it
        Assert.Empty(picker.Take(3, All(2), 8, Busy));
        BlockRequest doubled = Assert.Single(picker.Take(3, All(2), 8));
        Assert.Equal(1, picker.DoubledBlocks);
        Assert.Equal(8, picker.InFlightBlocks);
        int first = rest.Contains(doubled) ? 2 : 1;
        Assert.Equal((BlockOutcome.Accepted, first), picker.Arrives(3, doubled));
        Assert.Equal(0, picker.DoubledBlocks);
        Assert.Equal((BlockOutcome.Duplicate, -1), picker.Arrives(first, doubled));
    }

    [Fact]
    public void There_is_no_end_game_while_a_wanted_block_is_free()
    {
        PiecePicker picker = Picker(2, 2);
        picker.PeerJoined(All(2));
        Assert.Equal(2, picker.Take(1, Only(2, 0), 2).Count);
        Assert.Empty(picker.Take(2, Only(2, 0), 2)); // piece 1 is free, though this peer lacks it
        picker.SetPriority(1, 0);
        Assert.Single(picker.Take(2, Only(2, 0), 2));
    }

    [Fact]
    public void A_block_has_two_askers_at_most()
    {
        PiecePicker picker = Picker(1, 1);
        picker.PeerJoined(All(1));
        Assert.Single(picker.Take(1, All(1), 2));
        Assert.Empty(picker.Take(1, All(1), 2)); // not from the same peer again
        Assert.Single(picker.Take(2, All(1), 2));
        Assert.Empty(picker.Take(3, All(1), 2));
        picker.PeerGone(1, []);
        Assert.Equal(1, picker.InFlightBlocks);
        Assert.Single(picker.Take(3, All(1), 2));
    }

    [Fact]
    public void A_deadline_beats_priority_and_rarity()
    {
        PiecePicker picker = Picker(20, 2);
        picker.PeerJoined(All(20));
        picker.SetPriority(3, 7);
        Assert.True(picker.SetDeadline(12, At(20)));
        Assert.True(picker.SetDeadline(11, At(10)));
        Assert.Equal([11, 11, 12, 12, 3], picker.Take(1, All(20), 5).Select(r => r.Index));
    }

    [Fact]
    public void A_late_piece_is_asked_from_two_peers()
    {
        PiecePicker picker = Picker(20, 2);
        picker.PeerJoined(All(20));
        picker.SetDeadline(5, At(10));
        List<BlockRequest> first = picker.Take(1, All(20), 2, seconds: 7.9);
        Assert.All(first, r => Assert.Equal(5, r.Index));
        Assert.DoesNotContain(picker.Take(2, All(20), 2, seconds: 7.9), r => r.Index == 5);
        Assert.Equal(first, picker.Take(3, All(20), 2, seconds: 8));
        Assert.DoesNotContain(picker.Take(4, All(20), 2, seconds: 99), r => r.Index == 5);
        Assert.Equal(2, picker.DoubledBlocks);
        Assert.Equal(1, picker.Arrives(3, first[0]).CancelAt);
    }

    [Fact]
    public void Deadlines_are_bounded_can_be_taken_back_and_end_with_the_piece()
    {
        PiecePicker picker = Picker(20, 1, options: new PickerOptions { RandomFirst = 0, MaxDeadlines = 2 });
        picker.PeerJoined(All(20));
        Assert.True(picker.SetDeadline(1, At(1)));
        Assert.True(picker.SetDeadline(2, At(2)));
        Assert.False(picker.SetDeadline(3, At(3)));
        Assert.True(picker.SetDeadline(2, At(5))); // moving one needs no room
        Assert.True(picker.SetDeadline(2, Instant.Never));
        Assert.True(picker.SetDeadline(3, At(3)));
        picker.PieceVerified(1);
        Assert.True(picker.SetDeadline(4, At(4)));
        Assert.False(picker.SetDeadline(1, At(4))); // is here
        Assert.Equal([3, 4], picker.Take(1, All(20), 2).Select(r => r.Index));
    }

    [Fact]
    public void A_snubbed_peer_gets_no_urgent_piece()
    {
        PiecePicker picker = Picker(20, 1);
        picker.PeerJoined(All(20));
        picker.SetDeadline(1, At(1));
        picker.PeerGained(5);
        Assert.Equal(5, picker.Take(1, All(20), 1, Snubbed)[0].Index);
    }
}
