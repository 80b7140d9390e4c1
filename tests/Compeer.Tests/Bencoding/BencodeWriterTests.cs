using System.Buffers;
using System.Text;
using Compeer.Formats.Bencoding;

namespace Compeer.Tests.Bencoding;

public class BencodeWriterTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    private BencodeWriter Writer() => new(_output);

    [Fact]
    public void Writes_each_kind()
    {
        BencodeWriter writer = Writer();
        writer.BeginDictionary();
        writer.Key(""u8);
        writer.Integer(long.MinValue);
        writer.Key("a"u8);
        writer.BeginList();
        writer.Text("\u00e4");
        writer.Raw("i1e"u8);
        writer.String([]);
        writer.End();
        writer.End();
        Assert.Equal("d0:i-9223372036854775808e1:al2:\u00c3\u00a4i1e0:ee", Encoding.Latin1.GetString(_output.WrittenSpan));
        Assert.Equal(0, writer.Depth);
    }

    [Theory]
    [InlineData("b", "a")]
    [InlineData("a", "a")]
    [InlineData("", "")]
    [InlineData("aa", "a")]
    [InlineData("a", "B")]
    public void Keys_out_of_order_are_a_defect(string first, string second)
    {
        BencodeWriter writer = Writer();
        writer.BeginDictionary();
        writer.Key(Bencoded.Bytes(first));
        writer.Integer(1);
        Assert.Throws<ArgumentException>(() => writer.Key(Bencoded.Bytes(second)));
    }

    [Fact]
    public void Keys_and_values_must_take_turns()
    {
        BencodeWriter writer = Writer();
        Assert.Throws<InvalidOperationException>(() => writer.Key("a"u8));
        Assert.Throws<InvalidOperationException>(writer.End);
        writer.BeginDictionary();
        Assert.Throws<InvalidOperationException>(() => writer.Integer(1));
        Assert.Throws<InvalidOperationException>(writer.BeginList);
        writer.Key("a"u8);
        Assert.Throws<InvalidOperationException>(() => writer.Key("b"u8));
        Assert.Throws<InvalidOperationException>(writer.End);
    }
}
