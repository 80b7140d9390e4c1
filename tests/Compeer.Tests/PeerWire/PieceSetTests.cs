using Compeer.Protocols.PeerWire;
using FsCheck;
using FsCheck.Fluent;

namespace Compeer.Tests.PeerWire;

public class PieceSetTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    [InlineData(1313)]
    public void All_pieces_fill_the_bitfield_and_leave_spare_bits_zero(int length)
    {
        var set = new PieceSet(length);
        set.AddAll();
        Assert.True(set.IsComplete);
        Assert.Equal(length, set.Count);
        byte[] bits = new byte[set.BitfieldBytes];
        set.WriteBitfield(bits);
        Assert.Equal(length, bits.Sum(b => System.Numerics.BitOperations.PopCount(b)));
        var copy = new PieceSet(length);
        Assert.True(copy.TryReadBitfield(bits));
        Assert.True(copy.IsComplete);
    }

    [Fact]
    public void The_first_piece_is_the_highest_bit()
    {
        var set = new PieceSet(10);
        Assert.True(set.TryReadBitfield([0b1010_0000, 0b0100_0000]));
        Assert.Equal([0, 2, 9], Enumerable.Range(0, 10).Where(i => set[i]));
        Assert.Equal(3, set.Count);
    }

    [Theory]
    [InlineData("empty", new byte[0])]
    [InlineData("too short", new byte[] { 0xFF })]
    [InlineData("too long", new byte[] { 0xFF, 0xC0, 0 })]
    [InlineData("first spare bit", new byte[] { 0, 0b0010_0000 })]
    [InlineData("last spare bit", new byte[] { 0, 1 })]
    public void A_bitfield_that_does_not_fit_is_refused_and_changes_nothing(string name, byte[] bits)
    {
        var set = new PieceSet(10);
        set.Add(3);
        Assert.False(set.TryReadBitfield(bits), name);
        Assert.Equal(1, set.Count);
        Assert.True(set[3]);
    }

    [Fact]
    public void Any_set_survives_its_bitfield() =>
        Prop.ForAll<bool[]>(members =>
        {
            var set = new PieceSet(members.Length);
            for (int i = 0; i < members.Length; i++)
            {
                if (members[i])
                    Assert.True(set.Add(i));
            }
            byte[] bits = new byte[set.BitfieldBytes];
            set.WriteBitfield(bits);
            var copy = new PieceSet(members.Length);
            Assert.True(copy.TryReadBitfield(bits));
            Assert.Equal(members, Enumerable.Range(0, members.Length).Select(i => copy[i]));
            Assert.Equal(members.Count(m => m), copy.Count);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Adding_twice_and_removing_twice_count_once()
    {
        var set = new PieceSet(70);
        Assert.True(set.Add(69));
        Assert.False(set.Add(69));
        Assert.Equal(1, set.Count);
        Assert.True(set.Remove(69));
        Assert.False(set.Remove(69));
        Assert.Equal(0, set.Count);
    }

    [Fact]
    public void What_another_set_lacks_is_found_in_order()
    {
        var one = new PieceSet(200);
        var other = new PieceSet(200);
        foreach (int piece in new[] { 0, 5, 63, 64, 130, 199 })
            one.Add(piece);
        other.Add(5);
        var found = new List<int>();
        for (int at = one.NextMissingFrom(other, 0); at >= 0; at = one.NextMissingFrom(other, at + 1))
            found.Add(at);
        Assert.Equal([0, 63, 64, 130, 199], found);
        Assert.Equal(-1, one.NextMissingFrom(other, 200));
        Assert.Equal(-1, one.NextMissingFrom(one, 0));
    }

    [Fact]
    public void Sets_are_compared_piece_by_piece()
    {
        var ours = new PieceSet(100);
        var theirs = new PieceSet(100);
        theirs.Add(99);
        Assert.True(theirs.HasAnyMissingFrom(ours));
        Assert.False(theirs.Overlaps(ours));
        ours.Add(99);
        Assert.False(theirs.HasAnyMissingFrom(ours));
        Assert.True(theirs.Overlaps(ours));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    [InlineData(63)]
    [InlineData(int.MaxValue)]
    public void Adding_a_piece_that_does_not_exist_is_misuse(int piece) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceSet(10).Add(piece));
}
