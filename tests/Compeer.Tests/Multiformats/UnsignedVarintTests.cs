using System.Buffers;
using Compeer.Formats.Multiformats;

namespace Compeer.Tests.Multiformats;

public sealed class UnsignedVarintTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(1, "01")]
    [InlineData(127, "7f")]
    [InlineData(128, "8001")]
    [InlineData(255, "ff01")]
    [InlineData(300, "ac02")]
    [InlineData(16384, "808001")]
    [InlineData(long.MaxValue, "ffffffffffffffff7f")]
    public void The_specifications_examples_are_written_and_read(long value, string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Span<byte> target = stackalloc byte[UnsignedVarint.MaxLength];
        Assert.Equal(bytes.Length, UnsignedVarint.Write(target, (ulong)value));
        Assert.Equal(bytes, target[..bytes.Length]);
        Assert.Equal(bytes.Length, UnsignedVarint.LengthOf((ulong)value));
        Assert.True(UnsignedVarint.TryRead([.. bytes, 0xff], out ulong read, out int length));
        Assert.Equal(((ulong)value, bytes.Length), (read, length));
        for (int cut = 0; cut < bytes.Length; cut++)
            Assert.Equal(OperationStatus.NeedMoreData, UnsignedVarint.Read(bytes.AsSpan(0, cut), out _, out _));
    }

    [Theory]
    [InlineData("8000")]
    [InlineData("818000")]
    [InlineData("ffffffffffffffffff")]
    [InlineData("ffffffffffffffffff01")]
    [InlineData("80808080808080808001")]
    public void Long_forms_and_more_than_nine_bytes_are_refused(string hex) =>
        Assert.Equal(OperationStatus.InvalidData, UnsignedVarint.Read(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void Misuse_is_told()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => UnsignedVarint.Write(new byte[10], 1UL << 63));
        Assert.Throws<ArgumentException>(() => UnsignedVarint.Write(new byte[1], 128));
    }

    [Fact]
    public void Every_length_comes_back()
    {
        var random = new Random(1);
        var output = new ArrayBufferWriter<byte>();
        for (int i = 0; i < 10_000; i++)
        {
            ulong value = (ulong)random.NextInt64() >> random.Next(63);
            output.ResetWrittenCount();
            UnsignedVarint.Write(output, value);
            Assert.True(UnsignedVarint.TryRead(output.WrittenSpan, out ulong read, out int length));
            Assert.Equal((value, output.WrittenCount), (read, length));
        }
    }
}
