using Compeer.Formats.Hashing;

namespace Compeer.Tests.Hashing;

public class HashTests
{
    [Theory]
    [InlineData("", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "a9993e364706816aba3e25717850c26c9cd0d89d", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void Digests_are_those_of_the_standard(string message, string sha1, string sha256)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(message);
        Assert.Equal(sha1, Sha1Hash.Of(bytes).ToString());
        Assert.Equal(sha256, Sha256Hash.Of(bytes).ToString());
        var lanes1 = new Sha1Hash[1];
        HashLanes.Best.Sha1([[bytes.AsMemory(0, bytes.Length / 2), bytes.AsMemory(bytes.Length / 2)]], lanes1);
        Assert.Equal(sha1, lanes1[0].ToString());
        var lanes256 = new Sha256Hash[1];
        HashLanes.Best.Sha256([bytes], lanes256);
        Assert.Equal(sha256, lanes256[0].ToString());
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("short", "da39a3ee5e6b4b0d3255bfef95601890afd8070")]
    [InlineData("long", "da39a3ee5e6b4b0d3255bfef95601890afd807099")]
    [InlineData("not hexadecimal", "ga39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData("with a blank", " a39a3ee5e6b4b0d3255bfef95601890afd80709")]
    public void What_is_no_digest_is_refused(string name, string text)
    {
        Assert.NotEmpty(name);
        Assert.False(Sha1Hash.TryParseHex(text, out _));
        Assert.False(Sha256Hash.TryParseHex(text + text[..Math.Min(24, text.Length)], out _));
    }

    [Fact]
    public void Hexadecimal_goes_both_ways_in_either_case()
    {
        var hash = Sha256Hash.Of([1]);
        Assert.True(Sha256Hash.TryParseHex(hash.ToString(), out Sha256Hash lower));
        Assert.True(Sha256Hash.TryParseHex(hash.ToString().ToUpperInvariant(), out Sha256Hash upper));
        Assert.True(lower == hash && upper == hash && lower.GetHashCode() == hash.GetHashCode());
    }

    [Fact]
    public void Digests_are_ordered_as_unsigned_bytes()
    {
        byte[] high = new byte[20];
        high[0] = 0x80;
        byte[] low = new byte[20];
        low[0] = 0x7f;
        Assert.True(new Sha1Hash(high).CompareTo(new Sha1Hash(low)) > 0);
        Assert.Throws<ArgumentException>(() => new Sha1Hash(new byte[19]));
        Assert.Throws<ArgumentException>(() => new Sha256Hash(new byte[33]));
    }

    [Fact]
    public void Parents_may_overwrite_their_children()
    {
        Sha256Hash[] row = [.. Enumerable.Range(0, 8).Select(i => Sha256Hash.Of([(byte)i]))];
        var apart = new Sha256Hash[4];
        HashLanes.Best.Sha256Pairs(row, apart);
        Assert.Equal(Sha256Hash.Of([.. row[2].AsSpan(), .. row[3].AsSpan()]), apart[1]);
        HashLanes.Best.Sha256Pairs(row, row);
        Assert.Equal(apart, row[..4]);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_the_callers_defect()
    {
        Assert.Throws<ArgumentException>(() => HashLanes.Best.Sha256Pairs(new Sha256Hash[3], new Sha256Hash[2]));
        Assert.Throws<ArgumentException>(() => HashLanes.Best.Sha256Pairs(new Sha256Hash[4], new Sha256Hash[1]));
        Assert.Throws<ArgumentException>(() => HashLanes.Best.Sha256([new byte[1]], []));
        Assert.Throws<ArgumentException>(() => HashLanes.Best.Sha1([[new byte[1]]], []));
    }
}
