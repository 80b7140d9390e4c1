using System.Buffers;
using Compeer.Formats.Protobuf;

namespace Compeer.Tests.Protobuf;

public sealed class ProtobufTests
{
    /// <summary>The two examples of the specification: field 1 = 150, and field 2 = "testing".</summary>
    [Fact]
    public void The_examples_of_the_specification_are_written_and_read()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, 150);
        writer.WriteString(2, "testing");
        Assert.Equal("08960112077465 7374696e67".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(output.WrittenSpan));

        var reader = new ProtobufReader(output.WrittenSpan);
        Assert.True(reader.TryReadTag(out int field, out WireType type) && field == 1 && type == WireType.Varint);
        Assert.True(reader.TryReadVarint(out ulong number) && number == 150);
        Assert.True(reader.TryReadTag(out field, out type) && field == 2 && type == WireType.Bytes);
        Assert.True(reader.TryReadBytes(out ReadOnlySpan<byte> text) && text.SequenceEqual("testing"u8));
        Assert.True(reader.IsAtEnd);
        Assert.False(reader.TryReadTag(out _, out _));
    }

    [Fact]
    public void All_wire_types_come_back_and_can_be_skipped()
    {
        byte[] message = Message();
        var reader = new ProtobufReader(message);
        Assert.True(reader.TryReadTag(out _, out _) && reader.TryReadVarint(out ulong varint) && varint == ulong.MaxValue);
        Assert.True(reader.TryReadTag(out int field, out WireType type) && field == 536_870_911 && type == WireType.Fixed64);
        Assert.True(reader.TryReadFixed64(out ulong wide) && wide == 0x0102030405060708);
        Assert.True(reader.TryReadTag(out _, out _) && reader.TryReadBytes(out ReadOnlySpan<byte> nested) && nested.SequenceEqual(new byte[] { 8, 1 }));
        Assert.True(reader.IsAtEnd);

        Assert.Equal(3, Fields(message));
    }

    [Fact]
    public void What_is_cut_anywhere_is_told_from_what_is_whole()
    {
        byte[] message = Message();
        int[] ends = [.. Enumerable.Range(0, message.Length + 1).Where(length => Fields(message.AsSpan(0, length)) >= 0)];
        Assert.Equal([0, 11, 24, 28], ends);
    }

    [Theory]
    [InlineData("0b")] // begins a group
    [InlineData("0e")] // a wire type that does not exist
    [InlineData("00")] // field 0
    [InlineData("80808080808080808080")]
    [InlineData("ffffffffffffffffff02")] // a tag of 65 bits
    [InlineData("f8ffffffff01")] // a tag of more than 32 bits
    [InlineData("0affffffff0f")] // longer than the message
    [InlineData("0affffffffffffffffff01")]
    [InlineData("09010203")]
    [InlineData("0d010203")]
    public void What_is_malformed_is_refused(string hex) => Assert.Equal(-1, Fields(Convert.FromHexString(hex)));

    [Fact]
    public void Nothing_is_consumed_by_what_fails()
    {
        var reader = new ProtobufReader([0xff, 0xff]);
        Assert.False(reader.TryReadTag(out _, out _) || reader.TryReadVarint(out _) || reader.TryReadBytes(out _) || reader.TryReadFixed32(out _));
        Assert.Equal(0, reader.Position);
    }

    [Fact]
    public void Random_bytes_never_read_beyond_the_end()
    {
        var random = new Random(1);
        byte[] bytes = new byte[24];
        int whole = 0;
        for (int i = 0; i < 50_000; i++)
        {
            random.NextBytes(bytes);
            whole += Fields(bytes.AsSpan(0, random.Next(bytes.Length))) > 0 ? 1 : 0;
        }
        Assert.True(whole > 0);
    }

    private static byte[] Message()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, ulong.MaxValue);
        writer.WriteFixed64(536_870_911, 0x0102030405060708);
        writer.WriteMessage(3, 1UL, static (nested, value) => nested.WriteVarint(1, value));
        return output.WrittenSpan.ToArray();
    }

    /// <summary>How many fields a message has; -1 where it is malformed.</summary>
    private static int Fields(ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        int count = 0;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out _, out WireType type) || !reader.TrySkip(type))
                return -1;
            count++;
        }
        return count;
    }
}
