using System.Buffers;
using Compeer.Formats.Bencoding;

namespace Compeer.Tests.Bencoding;

public class BencodePropertyTests
{
    private static readonly BencodeLimits Limits = new() { MaxDepth = 20 };

    [Fact]
    public void What_is_written_is_read_the_same_and_written_the_same()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            byte[] bytes = Bencoded.Of(RandomValue(new Random(seed), 0));
            Assert.True(BencodeDocument.TryParse(bytes, Limits, out BencodeDocument? document, out BencodeError error), $"seed {seed}: {error}");
            Assert.True(document.IsCanonical, $"seed {seed}");
            Assert.Equal(bytes, document.Root.Raw.ToArray());
            var output = new ArrayBufferWriter<byte>();
            var writer = new BencodeWriter(output);
            Copy(document.Root, writer);
            Assert.Equal(0, writer.Depth);
            Assert.Equal(bytes, output.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void Cut_at_any_byte_it_is_refused()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            byte[] bytes = Bencoded.Of(RandomValue(new Random(seed), 0));
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.False(BencodeDocument.TryParse(bytes.AsMemory(0, length), Limits, out _, out BencodeError error), $"seed {seed}, {length} bytes");
                Assert.True(error.Code is BencodeErrorCode.Truncated or BencodeErrorCode.BadLength, $"seed {seed}, {length} bytes: {error}");
            }
        }
    }

    [Fact]
    public void Any_changed_byte_gives_a_value_or_a_reason()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = Bencoded.Of(RandomValue(random, 0));
            for (int at = 0; at < bytes.Length; at++)
            {
                byte[] changed = [.. bytes];
                changed[at] = "ilde0123456789:-\0"u8[random.Next(17)];
                Check(changed, $"seed {seed}, byte {at}");
            }
        }
    }

    [Fact]
    public void Random_bytes_give_a_value_or_a_reason()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(40)];
            if (seed % 2 == 0)
                random.NextBytes(bytes);
            else
                random.GetItems("ilde01239:-ab"u8, bytes);
            Check(bytes, $"seed {seed}");
        }
    }

    /// <summary>What was accepted can be walked wholly, lies within the data, and holds no key twice.</summary>
    private static void Check(byte[] bytes, string where)
    {
        if (!BencodeDocument.TryParsePrefix(bytes, Limits, out BencodeDocument? document, out int consumed, out BencodeError error))
        {
            Assert.True(error.Code != BencodeErrorCode.None && error.Offset >= 0 && error.Offset <= bytes.Length, where);
            return;
        }
        Assert.InRange(consumed, 1, bytes.Length);
        var output = new ArrayBufferWriter<byte>();
        if (document.IsCanonical)
        {
            Copy(document.Root, new BencodeWriter(output));
            Assert.True(bytes.AsSpan(0, consumed).SequenceEqual(output.WrittenSpan), where);
        }
        else
        {
            Walk(document.Root, where);
        }
    }

    private static void Walk(BencodeElement element, string where)
    {
        foreach (BencodeElement entry in element.EnumerateList())
            Walk(entry, where);
        var keys = new HashSet<string>();
        foreach ((ReadOnlyMemory<byte> key, BencodeElement value) in element.EnumerateDictionary())
        {
            Assert.True(keys.Add(Convert.ToHexString(key.Span)), where);
            Walk(value, where);
        }
    }

    private static void Copy(BencodeElement element, BencodeWriter writer)
    {
        switch (element.Kind)
        {
            case BencodeKind.Integer:
                Assert.True(element.TryGetInteger(out long value));
                writer.Integer(value);
                break;
            case BencodeKind.String:
                writer.String(element.Bytes.Span);
                break;
            case BencodeKind.List:
                writer.BeginList();
                foreach (BencodeElement entry in element.EnumerateList())
                    Copy(entry, writer);
                writer.End();
                break;
            default:
                writer.BeginDictionary();
                foreach ((ReadOnlyMemory<byte> key, BencodeElement entry) in element.EnumerateDictionary())
                {
                    writer.Key(key.Span);
                    Copy(entry, writer);
                }
                writer.End();
                break;
        }
    }

    private static object RandomValue(Random random, int depth)
    {
        switch (random.Next(depth > 4 ? 2 : 4))
        {
            case 0:
                return random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            case 1:
                byte[] bytes = new byte[random.Next(20)];
                random.NextBytes(bytes);
                return bytes;
            case 2:
                return Enumerable.Range(0, random.Next(6)).Select(_ => RandomValue(random, depth + 1)).ToArray();
            default:
                var keys = new SortedSet<string>(StringComparer.Ordinal);
                for (int i = random.Next(6); i > 0; i--)
                    keys.Add(new string((char)random.Next(1, 256), random.Next(3)));
                return keys.Select(key => (key, RandomValue(random, depth + 1))).ToArray();
        }
    }
}
