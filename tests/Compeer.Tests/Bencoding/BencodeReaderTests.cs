using Compeer.Formats.Bencoding;

namespace Compeer.Tests.Bencoding;

public class BencodeReaderTests
{
    private static BencodeDocument Parse(string text)
    {
        Assert.True(BencodeDocument.TryParse(Bencoded.Bytes(text), BencodeLimits.Default, out BencodeDocument? document, out BencodeError error), error.ToString());
        return document;
    }

    [Theory]
    [InlineData("i0e", 0)]
    [InlineData("i-1e", -1)]
    [InlineData("i9223372036854775807e", long.MaxValue)]
    [InlineData("i-9223372036854775808e", long.MinValue)]
    public void Integers_are_read(string text, long expected)
    {
        BencodeDocument document = Parse(text);
        Assert.True(document.Root.TryGetInteger(out long value));
        Assert.Equal(expected, value);
        Assert.True(document.IsCanonical);
    }

    [Fact]
    public void A_dictionary_answers_by_key_and_in_order()
    {
        BencodeElement root = Parse("d0:i7e1:al1:x0:e1:bd1:ci3eee").Root;
        Assert.Equal(BencodeKind.Dictionary, root.Kind);
        Assert.Equal(3, root.Count);
        Assert.True(root.TryGetInteger(""u8, out long empty));
        Assert.Equal(7, empty);
        Assert.True(root.TryGet("a"u8, out BencodeElement list));
        Assert.Equal(["x", ""], list.EnumerateList().Select(e => e.TryGetText(out string text) ? text : "?"));
        Assert.Equal("l1:x0:e"u8, list.Raw.Span);
        Assert.True(root.TryGet("b"u8, out BencodeElement inner));
        Assert.True(inner.TryGetInteger("c"u8, out long three));
        Assert.Equal(3, three);
        Assert.False(root.TryGet("c"u8, out _));
        Assert.False(list.TryGet("x"u8, out _));
    }

    [Fact]
    public void Questions_of_the_wrong_kind_answer_false_or_empty()
    {
        BencodeElement text = Parse("3:abc").Root;
        Assert.False(text.TryGetInteger(out _));
        Assert.Empty(text.EnumerateList());
        Assert.Empty(text.EnumerateDictionary());
        Assert.Equal(0, text.Count);
        BencodeElement number = Parse("i3e").Root;
        Assert.False(number.TryGetBytes(out _));
        Assert.False(number.TryGetText(out _));
        Assert.True(number.Bytes.IsEmpty);
    }

    [Fact]
    public void Text_must_be_utf8()
    {
        BencodeElement latin = Parse("1:\u00e4").Root;
        Assert.True(latin.TryGetBytes(out _));
        Assert.False(latin.TryGetText(out _));
    }

    [Theory]
    [InlineData("leading zero", "i03e")]
    [InlineData("minus zero", "i-0e")]
    [InlineData("padded length", "03:abc")]
    [InlineData("keys unsorted", "d1:bi1e1:ai1ee")]
    [InlineData("keys unsorted deep inside", "ld1:bi1e1:ai1eee")]
    public void What_is_not_canonical_is_read_but_told(string name, string text)
    {
        Assert.NotEmpty(name);
        Assert.False(Parse(text).IsCanonical);
    }

    [Fact]
    public void A_prefix_leaves_the_rest()
    {
        Assert.True(BencodeDocument.TryParsePrefix(Bencoded.Bytes("d1:ai1eeREST"), BencodeLimits.Peer, out BencodeDocument? document, out int consumed, out _));
        Assert.Equal(8, consumed);
        Assert.Equal("d1:ai1ee"u8, document.Root.Raw.Span);
    }

    [Fact]
    public void An_unsorted_dictionary_finds_all_its_keys()
    {
        BencodeElement root = Parse("d1:ci3e1:ai1e1:bi2ee").Root;
        foreach ((byte key, long expected) in new[] { ((byte)'a', 1L), ((byte)'b', 2L), ((byte)'c', 3L) })
        {
            Assert.True(root.TryGetInteger([key], out long value));
            Assert.Equal(expected, value);
        }
    }
}
