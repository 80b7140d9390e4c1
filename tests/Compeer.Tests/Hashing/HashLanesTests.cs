using Compeer.Formats.Hashing;
using FsCheck;
using FsCheck.Fluent;

namespace Compeer.Tests.Hashing;

/// <summary>Every number of lanes gives what the system's own SHA gives. The slow implementations get few cases.</summary>
public class HashLanesTests
{
    private static readonly int[] BorderLengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1015, 1016, 1023, 1024, 1025, 2047, 16384, 40000];

    private static IEnumerable<IHashLanes> Implementations => [.. HashLanes.All, HashLanes.Best];

    [Fact]
    public void Lengths_at_borders_of_blocks_and_rows_in_every_lane()
    {
        var random = new Random(1);
        byte[][] messages = [.. Enumerable.Range(0, 3).SelectMany(_ => BorderLengths).Select(length => Bytes(random, length))];
        foreach (IHashLanes lanes in Implementations)
        {
            random.Shuffle(messages);
            Check(lanes, messages, random);
        }
    }

    [Fact]
    public void Random_lengths_split_anywhere()
    {
        var numbers = Gen.Choose(int.MinValue, int.MaxValue).ToArbitrary();
        Prop.ForAll(numbers, seed =>
        {
            var random = new Random(seed);
            byte[][] messages = [.. Enumerable.Range(0, random.Next(40)).Select(_ => Bytes(random, random.Next(1 << random.Next(14))))];
            foreach (IHashLanes lanes in Implementations)
                Check(lanes, messages, random);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(25));
    }

    [Fact]
    public void Parents_of_any_number_of_pairs()
    {
        var random = new Random(2);
        foreach (IHashLanes lanes in Implementations)
        {
            for (int pairs = 0; pairs <= 40; pairs++)
            {
                Sha256Hash[] row = [.. Enumerable.Range(0, 2 * pairs).Select(_ => new Sha256Hash(Bytes(random, Sha256Hash.LengthBytes)))];
                Sha256Hash[] expected = [.. row.Chunk(2).Select(pair => Sha256Hash.Of([.. pair[0].AsSpan(), .. pair[1].AsSpan()]))];
                lanes.Sha256Pairs(row, row);
                Assert.Equal(expected, row[..pairs]);
            }
        }
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused_by_all()
    {
        foreach (IHashLanes lanes in Implementations)
        {
            Assert.Throws<ArgumentException>(() => lanes.Sha256Pairs(new Sha256Hash[3], new Sha256Hash[2]));
            Assert.Throws<ArgumentException>(() => lanes.Sha256Pairs(new Sha256Hash[4], new Sha256Hash[1]));
            Assert.Throws<ArgumentException>(() => lanes.Sha256(new ReadOnlyMemory<byte>[20], new Sha256Hash[19]));
            Assert.Throws<ArgumentException>(() => lanes.Sha1([[new byte[1]]], []));
        }
    }

    private static void Check(IHashLanes lanes, byte[][] messages, Random random)
    {
        var sha256 = new Sha256Hash[messages.Length];
        lanes.Sha256([.. messages.Select(m => new ReadOnlyMemory<byte>(m))], sha256);
        var sha1 = new Sha1Hash[messages.Length];
        lanes.Sha1([.. messages.Select(m => Split(m, random))], sha1);
        for (int i = 0; i < messages.Length; i++)
        {
            Assert.True(Sha256Hash.Of(messages[i]) == sha256[i], $"SHA-256 of {messages[i].Length} bytes with {lanes.Lanes} lanes");
            Assert.True(Sha1Hash.Of(messages[i]) == sha1[i], $"SHA-1 of {messages[i].Length} bytes with {lanes.Lanes} lanes");
        }
    }

    private static List<ReadOnlyMemory<byte>> Split(byte[] message, Random random)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        for (int begin = 0; begin < message.Length;)
        {
            int length = Math.Min(message.Length - begin, random.Next(1 << random.Next(14)));
            parts.Add(message.AsMemory(begin, length));
            begin += length;
        }
        return parts;
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
