using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;

namespace Compeer.Tests.Picking;

/// <summary>What a reader needs next, and what the picker makes of it.</summary>
public sealed class ReadAheadTests
{
    private static readonly ReadAheadOptions Options = new() { WindowBytes = 4 * 32 * 1024, DueAtOnceBytes = 0, Grace = TimeSpan.FromSeconds(3), Step = TimeSpan.FromSeconds(2) };

    [Fact]
    public void The_window_begins_at_hand_and_ends_with_the_file()
    {
        var ahead = new ReadAhead(Options, 10, 16, 32 * 1024);
        Assert.True(ahead.MoveTo(10, At(1)));
        Assert.Equal([(10, At(4)), (11, At(6)), (12, At(8)), (13, At(10))], All(ahead));
        Assert.False(ahead.MoveTo(10, At(2))); // it is waited for since then
        Assert.Equal((10, At(4)), ahead[0]);
        Assert.True(ahead.MoveTo(14, At(5)));
        Assert.Equal([(14, At(8)), (15, At(10))], All(ahead));
        Assert.True(ahead.MoveTo(11, At(6)));
        Assert.Equal(4, ahead.Count);
    }

    [Fact]
    public void A_jump_makes_what_is_there_due_at_once_and_reading_on_does_not()
    {
        var ahead = new ReadAhead(Options with { DueAtOnceBytes = 2 * 32 * 1024 }, 10, 30, 32 * 1024);
        ahead.MoveTo(10, At(1));
        Assert.True(ahead.HasJumped);
        Assert.Equal([(10, At(1)), (11, At(1)), (12, At(8)), (13, At(10))], All(ahead));
        ahead.MoveTo(11, At(2));
        Assert.False(ahead.HasJumped);
        Assert.Equal([(11, At(1)), (12, At(7)), (13, At(9)), (14, At(11))], All(ahead));
        ahead.MoveTo(20, At(3));
        Assert.True(ahead.HasJumped);
        Assert.Equal([(20, At(3)), (21, At(3)), (22, At(10)), (23, At(12))], All(ahead));
        var large = new ReadAhead(Options with { DueAtOnceBytes = 1 }, 0, 9, 4 << 20);
        large.MoveTo(4, At(5));
        Assert.Equal((4, At(5)), large[0]);
    }

    [Fact]
    public void What_is_due_is_told_apart_from_what_may_wait()
    {
        PiecePicker picker = PickerTestKit.Picker(10, options: new PickerOptions { DeadlineMargin = TimeSpan.FromSeconds(2) });
        picker.SetDeadline(7, At(3));
        picker.SetDeadline(2, At(3.1));
        picker.SetDeadline(5, At(1));
        var due = new HashSet<int>();
        picker.CopyDue(At(1), due);
        Assert.Equal([5, 7], due.Order());
    }

    [Theory]
    [InlineData(16 << 20, 3)]
    [InlineData(32 * 1024, 4)]
    [InlineData(1, 1024)]
    public void It_is_bounded_in_pieces(int pieceLength, int expected) => Assert.Equal(expected, new ReadAhead(Options, 0, 5000, pieceLength).Count);

    [Fact]
    public void After_a_seek_every_peer_is_asked_for_what_is_at_hand_first_and_a_second_one_for_what_is_late()
    {
        PiecePicker picker = PickerTestKit.Picker(100, 4);
        PieceSet all = PickerTestKit.All(100);
        var ahead = new ReadAhead(Options with { Grace = TimeSpan.FromSeconds(3) }, 0, 100, 4 * BlockRequest.BlockBytes);
        ahead.MoveTo(40, At(10));
        for (int i = 0; i < ahead.Count; i++)
            Assert.True(picker.SetDeadline(ahead[i].Piece, ahead[i].Due));
        var asked = new List<BlockRequest>();
        for (int peer = 0; peer < 4; peer++)
            asked.AddRange(Pick(picker, peer, all, At(10), 1));
        Assert.Equal([0, 1, 2, 3], asked.Select(r => r.Begin / BlockRequest.BlockBytes));
        Assert.All(asked, r => Assert.Equal(40, r.Index));
        Assert.Equal(41, Pick(picker, 4, all, At(10.5), 1).Single().Index);
        Assert.Equal(40, Pick(picker, 5, all, At(11.5), 1).Single().Index);
        Assert.Equal(1, picker.DoubledBlocks);
    }

    [Fact]
    public void A_source_of_long_stretches_begins_at_the_deadline_too()
    {
        PiecePicker picker = PickerTestKit.Picker(100, 4);
        Assert.True(picker.SetDeadline(70, At(1)));
        var claimed = new List<BlockRequest>();
        Assert.True(picker.TryPickGap(1, PickerTestKit.All(100), 8 * BlockRequest.BlockBytes, claimed));
        Assert.Equal([70, 71], claimed.Select(r => r.Index).Distinct());
    }

    private static BlockRequest[] Pick(PiecePicker picker, int peer, PieceSet pieces, Instant now, int count)
    {
        var requests = new BlockRequest[count];
        return requests[..picker.Pick(peer, pieces, default, now, requests)];
    }

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);

    private static (int Piece, Instant Due)[] All(ReadAhead ahead) => [.. Enumerable.Range(0, ahead.Count).Select(i => ahead[i])];
}
