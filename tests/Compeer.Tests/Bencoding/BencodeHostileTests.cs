using System.Diagnostics;
using Compeer.Formats.Bencoding;

namespace Compeer.Tests.Bencoding;

public class BencodeHostileTests
{
    [Theory]
    [InlineData("nothing", "", BencodeErrorCode.Truncated)]
    [InlineData("integer without end", "i12", BencodeErrorCode.Truncated)]
    [InlineData("integer without digits", "ie", BencodeErrorCode.BadInteger)]
    [InlineData("only a minus", "i-e", BencodeErrorCode.BadInteger)]
    [InlineData("two minuses", "i--1e", BencodeErrorCode.BadInteger)]
    [InlineData("a plus", "i+1e", BencodeErrorCode.BadInteger)]
    [InlineData("a fraction", "i1.5e", BencodeErrorCode.BadInteger)]
    [InlineData("a blank", "i 1e", BencodeErrorCode.BadInteger)]
    [InlineData("one above 64 bits", "i9223372036854775808e", BencodeErrorCode.BadInteger)]
    [InlineData("one below 64 bits", "i-9223372036854775809e", BencodeErrorCode.BadInteger)]
    [InlineData("an integer of many digits that never ends", "i11111111111111111111111111111111", BencodeErrorCode.BadInteger)]
    [InlineData("a string longer than the data", "5:abc", BencodeErrorCode.BadLength)]
    [InlineData("a string of 4 GB", "4294967296:a", BencodeErrorCode.BadLength)]
    [InlineData("a length that wraps 32 bits", "4294967297:a", BencodeErrorCode.BadLength)]
    [InlineData("a length of 64 bits", "18446744073709551617:a", BencodeErrorCode.BadLength)]
    [InlineData("a length that is not a number", "1x:a", BencodeErrorCode.BadLength)]
    [InlineData("a negative length", "-1:a", BencodeErrorCode.UnexpectedByte)]
    [InlineData("a length without a colon", "5", BencodeErrorCode.Truncated)]
    [InlineData("an end without a beginning", "e", BencodeErrorCode.UnexpectedByte)]
    [InlineData("a list without end", "li1e", BencodeErrorCode.Truncated)]
    [InlineData("a dictionary without end", "d1:ai1e", BencodeErrorCode.Truncated)]
    [InlineData("a key that is a number", "di1ei2ee", BencodeErrorCode.KeyNotString)]
    [InlineData("a key that is a list", "dlei2ee", BencodeErrorCode.KeyNotString)]
    [InlineData("a key without a value", "d1:ae", BencodeErrorCode.MissingValue)]
    [InlineData("a key twice", "d1:ai1e1:ai2ee", BencodeErrorCode.DuplicateKey)]
    [InlineData("a key twice, apart", "d1:ai1e1:bi2e1:ai3ee", BencodeErrorCode.DuplicateKey)]
    [InlineData("the empty key twice", "d0:i1e0:i2ee", BencodeErrorCode.DuplicateKey)]
    [InlineData("a key twice, deep inside", "ld1:xd1:ai1e1:bi2e1:ai3eeee", BencodeErrorCode.DuplicateKey)]
    [InlineData("bytes after the value", "i1ei2e", BencodeErrorCode.TrailingData)]
    [InlineData("a letter", "x", BencodeErrorCode.UnexpectedByte)]
    public void Is_refused_with_a_reason(string name, string text, BencodeErrorCode expected)
    {
        Assert.NotEmpty(name);
        Assert.False(BencodeDocument.TryParse(Bencoded.Bytes(text), BencodeLimits.Default, out BencodeDocument? document, out BencodeError error));
        Assert.Null(document);
        Assert.Equal(expected, error.Code);
        Assert.InRange(error.Offset, 0, text.Length);
        Assert.True(error.ToString().Length > 10);
    }

    [Theory]
    [InlineData('l')]
    [InlineData('d')]
    public void Deep_nesting_ends_at_the_limit_and_never_on_the_stack(char open)
    {
        string level = open == 'l' ? "l" : "d1:a";
        byte[] bomb = Bencoded.Bytes(string.Concat(Enumerable.Repeat(level, 200_000)));
        Assert.False(BencodeDocument.TryParse(bomb, BencodeLimits.Default, out _, out BencodeError error));
        Assert.Equal(BencodeErrorCode.TooDeep, error.Code);
        Assert.Equal(100 * level.Length, error.Offset);
        byte[] allowed = Bencoded.Bytes(string.Concat(Enumerable.Repeat("l", 100)) + new string('e', 100));
        Assert.True(BencodeDocument.TryParse(allowed, BencodeLimits.Default, out _, out _));
    }

    [Fact]
    public void Too_many_values_end_at_the_limit()
    {
        var limits = new BencodeLimits { MaxTokens = 1000 };
        byte[] many = Bencoded.Bytes("l" + string.Concat(Enumerable.Repeat("0:", 1000)) + "e");
        Assert.False(BencodeDocument.TryParse(many, limits, out _, out BencodeError error));
        Assert.Equal(BencodeErrorCode.TooManyTokens, error.Code);
        byte[] allowed = Bencoded.Bytes("l" + string.Concat(Enumerable.Repeat("0:", 999)) + "e");
        Assert.True(BencodeDocument.TryParse(allowed, limits, out _, out _));
    }

    [Fact]
    public void Too_many_bytes_are_not_looked_at()
    {
        Assert.False(BencodeDocument.TryParse(new byte[(1 << 20) + 1], BencodeLimits.Peer, out _, out BencodeError error));
        Assert.Equal(BencodeErrorCode.TooLarge, error.Code);
    }

    [Fact]
    public void Nested_unsorted_dictionaries_cost_no_copy_of_what_is_in_them()
    {
        // Ninety dictionaries, each unsorted, around eight megabytes.
        string open = string.Concat(Enumerable.Repeat("d1:b0:1:a", 90));
        byte[] data = Bencoded.Bytes(open + "8000000:" + new string('x', 8_000_000) + new string('e', 90));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(BencodeDocument.TryParse(data, BencodeLimits.Default, out BencodeDocument? document, out BencodeError error), error.ToString());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.False(document.IsCanonical);
    }

    [Fact]
    public void A_million_tokens_are_read_in_linear_time()
    {
        byte[] data = Bencoded.Bytes("l" + string.Concat(Enumerable.Repeat("1:a", 1_000_000)) + "e");
        long started = Stopwatch.GetTimestamp();
        Assert.True(BencodeDocument.TryParse(data, BencodeLimits.Default, out BencodeDocument? document, out _));
        Assert.Equal(1_000_000, document.Root.EnumerateList().Count());
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 10);
    }
}
