using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Tests.MessageStreamEncryption;

/// <summary>Vectors of RFC 6229, taken in pieces of every small size.</summary>
public sealed class Rc4Tests
{
    private const string Short = "0102030405";
    private const string Middle = "0102030405060708090a0b0c0d0e0f10";
    private const string Long = "1ada31d5cf688221c109163908ebe51debb46227c6cc8b37641910833222772a";

    [Theory]
    [InlineData(Short, 0, "b2396305f03dc027ccc3524a0a1118a8")]
    [InlineData(Short, 240, "28cb1132c96ce286421dcaadb8b69eae")]
    [InlineData(Short, 1024, "30abbcc7c20b01609f23ee2d5f6bb7df")]
    [InlineData(Short, 4096, "ff25b58995996707e51fbdf08b34d875")]
    [InlineData(Middle, 0, "9ac7cc9a609d1ef7b2932899cde41b97")]
    [InlineData(Middle, 1024, "bdf0324e6083dcc6d3cedd3ca8c53c16")]
    [InlineData(Middle, 4096, "a36a4c301ae8ac13610ccbc12256cacc")]
    [InlineData(Long, 0, "dd5bcb0018e922d494759d7c395d02d3")]
    [InlineData(Long, 1024, "3477c7f764a41baceff90bf14f92b7cc")]
    [InlineData(Long, 4096, "370b1c1fe655916d97fd0d47ca1d72b8")]
    public void The_key_stream_is_the_rfc_s_at_every_split(string key, int offset, string expected)
    {
        for (int split = 0; split <= 16; split++)
        {
            var cipher = new Rc4(Convert.FromHexString(key));
            cipher.Skip(offset);
            byte[] stream = new byte[16];
            cipher.Apply(stream.AsSpan(0, split));
            cipher.Apply(stream.AsSpan(split));
            Assert.Equal(expected, Convert.ToHexStringLower(stream));
        }
    }

    [Fact]
    public void Skipping_and_encrypting_advance_alike()
    {
        for (int length = 0; length < 40; length++)
        {
            var skipping = new Rc4(Convert.FromHexString(Middle));
            var encrypting = new Rc4(Convert.FromHexString(Middle));
            skipping.Skip(length);
            encrypting.Apply(new byte[length]);
            byte[] a = new byte[9], b = new byte[9];
            skipping.Apply(a);
            encrypting.Apply(b);
            Assert.Equal(a, b);
        }
    }

    [Fact]
    public void The_source_stays_as_it_was()
    {
        byte[] source = [.. Enumerable.Range(0, 100).Select(n => (byte)n)], target = new byte[101];
        new Rc4([7]).Apply(source, target);
        Assert.Equal(Enumerable.Range(0, 100).Select(n => (byte)n), source);
        new Rc4([7]).Apply(target.AsSpan(0, 100));
        Assert.Equal(source, target[..100]);
        Assert.Equal(0, target[100]);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Rc4([]));
        Assert.Throws<ArgumentException>(() => new Rc4(new byte[257]));
        Assert.Throws<ArgumentException>(() => new Rc4([1]).Apply(new byte[2], new byte[1]));
    }
}
