using Compeer.Protocols.Overlays;

namespace Compeer.Tests.Overlays;

public sealed class RingKeyTests
{
    private static RingKey Key(UInt128 value) => new(value);

    [Theory]
    [InlineData(5, 3, 7, true)]
    [InlineData(7, 3, 7, true)]
    [InlineData(3, 3, 7, false)]
    [InlineData(8, 3, 7, false)]
    [InlineData(1, 250, 4, true)]
    [InlineData(250, 250, 4, false)]
    [InlineData(100, 250, 4, false)]
    [InlineData(9, 6, 6, true)]
    [InlineData(6, 6, 6, true)]
    public void An_arc_goes_clockwise_from_after_its_start_to_its_end(int key, int after, int upTo, bool isWithin) =>
        Assert.Equal(isWithin, Key((UInt128)key).IsWithin(Key((UInt128)after), Key((UInt128)upTo)));

    [Fact]
    public void An_arc_goes_on_past_the_last_key() =>
        Assert.True(Key(2).IsWithin(Key(UInt128.MaxValue - 1), Key(3)));

    [Fact]
    public void Distances_go_round()
    {
        Assert.Equal((UInt128)3, Key(UInt128.MaxValue).ClockwiseTo(Key(2)));
        Assert.Equal((UInt128)3, Key(2).DistanceTo(Key(UInt128.MaxValue)));
        Assert.Equal(Key(2), Key(UInt128.MaxValue).Plus(3));
        Assert.Equal(UInt128.Zero, Key(9).ClockwiseTo(Key(9)));
    }

    [Fact]
    public void Digits_are_hexadecimal_and_the_first_is_the_most_significant()
    {
        RingKey a = Key(UInt128.Parse("0123456789abcdef0000000000000000", System.Globalization.NumberStyles.HexNumber, null));
        RingKey b = Key(UInt128.Parse("0123456f89abcdef0000000000000000", System.Globalization.NumberStyles.HexNumber, null));
        Assert.Equal((0, 1, 15, 0), (a.Digit(0), a.Digit(1), a.Digit(15), a.Digit(31)));
        Assert.Equal(7, a.SharedDigits(b));
        Assert.Equal(RingKey.DigitCount, a.SharedDigits(a));
        Assert.Equal("0123456789abcdef0000000000000000", a.ToString());
    }

    [Fact]
    public void Bytes_come_back_as_the_same_key()
    {
        var key = RingKey.NewRandom(new Random(7));
        Span<byte> bytes = stackalloc byte[RingKey.LengthBytes];
        key.Write(bytes);
        Assert.Equal(key, RingKey.Read(bytes));
        Assert.Throws<ArgumentException>(() => RingKey.Read(new byte[15]));
    }
}
