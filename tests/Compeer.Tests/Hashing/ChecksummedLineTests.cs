using System.Text;
using Compeer.Formats.Hashing;

namespace Compeer.Tests.Hashing;

public sealed class ChecksummedLineTests
{
    [Theory]
    [InlineData("123456789", "cbf43926 123456789\n")]
    [InlineData("", "00000000 \n")]
    public void A_line_is_its_checksum_a_blank_and_its_body(string body, string line)
    {
        Assert.Equal(line, Encoding.ASCII.GetString(ChecksummedLine.Format(Encoding.ASCII.GetBytes(body))));
        Assert.Equal(body, line[ChecksummedLine.PrefixBytes..^1]);
        Assert.True(ChecksummedLine.IsSound(Encoding.ASCII.GetBytes(line).AsSpan(0, line.Length - 1)));
    }

    [Fact]
    public void A_line_that_was_cut_or_changed_anywhere_is_not_sound()
    {
        byte[] line = ChecksummedLine.Format("{\"k\":\"tea\"}"u8)[..^1];
        for (int length = 0; length < line.Length; length++)
            Assert.False(ChecksummedLine.IsSound(line.AsSpan(0, length)));
        for (int bit = 0; bit < 8 * line.Length; bit++)
        {
            byte[] changed = [.. line];
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            // A digit of the checksum may be written in capitals.
            if (!Encoding.Latin1.GetString(changed).Equals(Encoding.Latin1.GetString(line), StringComparison.OrdinalIgnoreCase))
                Assert.False(ChecksummedLine.IsSound(changed), $"bit {bit}");
        }
    }
}
