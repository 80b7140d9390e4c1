using System.Text;
using Compeer.Formats.Bencoding;

namespace Compeer.Tests.Bencoding;

public sealed class BencodeReaderTests
{
    [Fact]
    public void Values_are_read_in_order()
    {
        var reader = new BencodeReader("d1:ai-7e1:bl2:xye3:cxxd1:di1eee"u8);
        Assert.True(reader.TryBeginDictionary());
        Assert.True(reader.TryReadString(out ReadOnlySpan<byte> key) && key.SequenceEqual("a"u8));
        Assert.False(reader.TryReadString(out _));
        Assert.True(reader.TryReadInteger(out long number) && number == -7);
        Assert.True(reader.TryReadString(out _) && reader.TryBeginList() && reader.TryReadString(out key) && key.SequenceEqual("xy"u8) && reader.TryEnd());
        Assert.True(reader.TryReadString(out _) && reader.TrySkip(out ReadOnlySpan<byte> inner) && inner.SequenceEqual("d1:di1ee"u8));
        Assert.True(reader.TryEnd() && reader.IsAtEnd);
    }

    [Theory]
    [InlineData("5:abc")]
    [InlineData("-1:a")]
    [InlineData("99999999999:a")]
    [InlineData("i12")]
    [InlineData("i+2e")]
    [InlineData("ie")]
    [InlineData("l")]
    [InlineData("d1:a")]
    [InlineData("")]
    public void What_is_cut_or_wrong_is_refused_and_nothing_is_consumed(string text)
    {
        var reader = new BencodeReader(Encoding.ASCII.GetBytes(text));
        Assert.False(reader.TryReadString(out _) || reader.TryReadInteger(out _) || reader.TrySkip(out _));
        Assert.Equal(0, reader.Position);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        Assert.True(new BencodeReader(Encoding.ASCII.GetBytes(new string('l', 30) + new string('e', 30))).TrySkip(out _));
        Assert.False(new BencodeReader(Encoding.ASCII.GetBytes(new string('l', 100_000) + new string('e', 100_000))).TrySkip(out _));
    }

    [Fact]
    public void It_accepts_what_the_strict_parser_accepts()
    {
        var random = new Random(1);
        ReadOnlySpan<byte> alphabet = "dlei0123:a-"u8;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] bytes = new byte[random.Next(1, 14)];
            foreach (ref byte value in bytes.AsSpan())
                value = alphabet[random.Next(alphabet.Length)];
            if (BencodeDocument.TryParse(bytes, BencodeLimits.Peer, out _, out _))
                Assert.True(new BencodeReader(bytes).TrySkip(out ReadOnlySpan<byte> whole) && whole.Length == bytes.Length);
        }
    }
}
