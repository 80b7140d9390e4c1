using Compeer.Formats.Multiformats;

namespace Compeer.Tests.Multiformats;

public sealed class MultibaseTests
{
    [Fact]
    public void Published_vectors_are_read_and_written()
    {
        foreach (string[] line in VectorLines.Read("multiformats", "multibase.txt"))
        {
            byte[] bytes = Convert.FromHexString(line[2]);
            Assert.True(Multibase.TryDecode(line[1], out MultibaseEncoding? encoding, out byte[] read), line[1]);
            Assert.Equal(line[0].TrimEnd('?'), encoding.Name);
            Assert.Equal(bytes, read);
            if (!line[0].EndsWith('?'))
                Assert.Equal(line[1], Multibase.Encode(encoding, bytes));
        }
    }

    [Fact]
    public void Every_base_takes_back_what_it_wrote()
    {
        var random = new Random(1);
        foreach (MultibaseEncoding encoding in MultibaseEncoding.All)
        {
            for (int length = 0; length < 70; length++)
            {
                byte[] bytes = new byte[length];
                random.NextBytes(bytes.AsSpan(length / 3));
                Assert.True(encoding.TryDecode(encoding.Encode(bytes), out byte[] read));
                Assert.Equal(bytes, read);
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("?abc")]
    [InlineData("z0OIl")]
    [InlineData("bab")] // bits behind the last byte are not zero
    [InlineData("baaa")] // a digit too many
    [InlineData("f0")]
    [InlineData("fxx")]
    [InlineData("Mab=")] // padding cut
    [InlineData("MYQ")] // no padding
    [InlineData("m+/=")]
    [InlineData("uab+/")]
    public void What_no_encoder_writes_is_refused(string text) => Assert.False(Multibase.TryDecode(text, out _, out _));

    [Fact]
    public void Numbers_are_bounded() =>
        Assert.False(Multibase.TryDecode("z" + new string('2', 100_000), out _, out _));

    [Fact]
    public void Random_text_is_refused_or_read()
    {
        var random = new Random(1);
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(12)];
            foreach (ref char c in text.AsSpan())
                c = (char)random.Next(32, 127);
            if (Multibase.TryDecode(text, out MultibaseEncoding? encoding, out byte[] bytes))
            {
                Assert.True(Multibase.TryDecode(Multibase.Encode(encoding, bytes), out _, out byte[] again));
                Assert.Equal(bytes, again);
                read++;
            }
        }
        Assert.True(read > 0);
    }
}
