using Compeer.Simulator.Randomness;

namespace Compeer.SimulationTests;

public sealed class RandomnessTests
{
    [Fact]
    public void A_seed_gives_the_same_numbers_on_every_machine()
    {
        // From the reference code of xoshiro256**, seeded by splitmix64 with 0.
        SeededRandom random = new(new Seed(0));
        Assert.Equal(0x99EC5F36CB75F2B4UL, random.NextUInt64());
        Assert.Equal(0xBF6E1F784956452AUL, random.NextUInt64());
        Assert.Equal(0x1A5F849D4933E6E0UL, random.NextUInt64());
    }

    [Fact]
    public void Streams_differ_by_name_and_number()
    {
        var seed = new Seed(1);
        ulong[] values = [seed.Value, seed.Derive("a").Value, seed.Derive("b").Value, seed.Derive(0).Value, seed.Derive(1).Value, seed.Derive("a").Derive(0).Value];
        Assert.Equal(values.Length, values.Distinct().Count());
        Assert.Equal(seed.Derive("a"), new Seed(1).Derive("a"));
        Assert.NotEqual(seed.Derive("a"), new Seed(2).Derive("a"));
    }

    [Fact]
    public void One_stream_does_not_shift_another()
    {
        var seed = new Seed(7);
        seed.Stream("first").NextBytes(new byte[100]);
        ulong after = seed.Stream("second").NextUInt64();
        Assert.Equal(new Seed(7).Stream("second").NextUInt64(), after);
    }

    [Fact]
    public void Numbers_stay_in_range_and_spread()
    {
        SeededRandom random = new(new Seed(3));
        int[] seen = new int[10];
        for (int i = 0; i < 100_000; i++)
            seen[random.Next(10)]++;
        Assert.All(seen, count => Assert.InRange(count, 9_500, 10_500));
        for (int i = 0; i < 1000; i++)
        {
            Assert.InRange(random.Next(-5, 5), -5, 4);
            Assert.InRange(random.NextDouble(), 0, 0.9999999999999999);
            Assert.InRange(random.NextInt64(), 0, long.MaxValue - 1);
        }
        Assert.Equal(0, random.Next(0));
        Assert.Equal(4, random.Next(4, 4));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(21)]
    public void Bytes_of_any_length_are_filled(int length)
    {
        byte[] a = new byte[length], b = new byte[length];
        new SeededRandom(new Seed(9)).NextBytes(a);
        new SeededRandom(new Seed(9)).NextBytes(b.AsSpan());
        Assert.Equal(a, b);
        Assert.True(length < 8 || a.Any(x => x != 0));
    }

    [Fact]
    public void A_seed_is_read_as_it_is_written()
    {
        Assert.True(Seed.TryParse(new Seed(ulong.MaxValue).ToString(), out Seed seed));
        Assert.Equal(ulong.MaxValue, seed.Value);
        Assert.False(Seed.TryParse("-1", out _));
        Assert.False(Seed.TryParse("", out _));
        Assert.False(Seed.TryParse("18446744073709551616", out _));
    }
}
