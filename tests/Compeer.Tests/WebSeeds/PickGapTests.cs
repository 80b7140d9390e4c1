using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;

namespace Compeer.Tests.WebSeeds;

/// <summary>The picker's choice for web seeds, beside peers.</summary>
public class PickGapTests
{
    private const int Piece = 32 * 1024;
    private const int Seed = 100;

    [Fact]
    public void The_longest_stretch_is_filled_from_its_front()
    {
        PiecePicker picker = Picker(100, out PieceSet all);
        foreach (int have in (int[])[10, 11, 50])
            picker.PieceVerified(have);
        var claim = new List<BlockRequest>();
        Assert.True(picker.TryPickGap(Seed, all, 4 * Piece, claim));
        Assert.Equal([51, 52, 53, 54], claim.Select(b => b.Index).Distinct());
        Assert.Equal(8, claim.Count);
    }

    [Fact]
    public void Nothing_is_claimed_that_a_peer_works_on_and_nothing_twice()
    {
        PiecePicker picker = Picker(40, out PieceSet all);
        var asked = new BlockRequest[20];
        int count = picker.Pick(1, all, default, Instant.Zero, asked);
        HashSet<int> begun = [.. asked.Take(count).Select(b => b.Index)];
        var seen = new HashSet<int>(begun);
        var claim = new List<BlockRequest>();
        while (picker.TryPickGap(Seed, all, 3 * Piece, claim))
        {
            Assert.All(claim, block => Assert.True(seen.Add(block.Index) || claim.Count(b => b.Index == block.Index) == 2));
            claim.Clear();
        }
        Assert.Equal(40, seen.Count);
        Assert.Equal(0, picker.DoubledBlocks);
    }

    [Fact]
    public void Peers_share_what_is_left_and_finish_what_the_seed_gives_up()
    {
        PiecePicker picker = Picker(8, out PieceSet all);
        var claim = new List<BlockRequest>();
        Assert.True(picker.TryPickGap(Seed, all, 8 * Piece, claim));
        var asked = new BlockRequest[16];
        Assert.Equal(0, picker.Pick(1, all, default, Instant.Zero, asked));
        Assert.Equal(1, picker.Pick(1, all, new PickHints { IsIdle = true }, Instant.Zero, asked));
        picker.PeerGone(Seed, []);
        Assert.Equal(15, picker.Pick(1, all, default, Instant.Zero, asked));
    }

    [Fact]
    public void The_most_wanted_come_first_and_unwanted_ones_never()
    {
        PiecePicker picker = Picker(20, out PieceSet all);
        picker.SetPriority(7, 7);
        picker.SetPriority(3, 0);
        var claim = new List<BlockRequest>();
        Assert.True(picker.TryPickGap(Seed, all, 8 * Piece, claim));
        Assert.Equal([7], claim.Select(b => b.Index).Distinct());
        while (picker.TryPickGap(Seed, all, 8 * Piece, claim))
        {
        }
        Assert.DoesNotContain(3, claim.Select(b => b.Index));
    }

    [Fact]
    public void Sequential_order_takes_the_first_stretch()
    {
        PiecePicker picker = Picker(100, out PieceSet all);
        picker.Mode = PickMode.Sequential;
        picker.PieceVerified(5);
        var claim = new List<BlockRequest>();
        Assert.True(picker.TryPickGap(Seed, all, 8 * Piece, claim));
        Assert.Equal([0, 1, 2, 3, 4], claim.Select(b => b.Index).Distinct());
    }

    [Fact]
    public void A_seed_without_a_file_gets_none_of_its_pieces()
    {
        PiecePicker picker = Picker(10, out PieceSet all);
        all.Remove(4);
        var claim = new List<BlockRequest>();
        while (picker.TryPickGap(Seed, all, 100 * Piece, claim))
        {
        }
        Assert.DoesNotContain(4, claim.Select(b => b.Index));
        Assert.Equal(18, claim.Count);
    }

    private static PiecePicker Picker(int pieces, out PieceSet all)
    {
        all = new PieceSet(pieces);
        all.AddAll();
        return new PiecePicker(new PickerOptions(), pieces, _ => Piece, new Random(1));
    }
}
