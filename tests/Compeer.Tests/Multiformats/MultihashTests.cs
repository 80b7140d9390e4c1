using System.Text;
using Compeer.Formats.Multiformats;

namespace Compeer.Tests.Multiformats;

public sealed class MultihashTests
{
    [Fact]
    public void Published_vectors_hold()
    {
        var codes = new Dictionary<string, ulong> { ["sha1"] = Multicodec.Sha1, ["sha2-256"] = Multicodec.Sha256, ["sha2-512"] = Multicodec.Sha512 };
        foreach (string[] line in VectorLines.Read("multiformats", "multihash.txt"))
        {
            byte[] bytes = Convert.FromHexString(line[2]);
            Assert.True(Multihash.TryDecode(bytes, out Multihash? hash), line[2]);
            Assert.Equal(codes[line[0]], hash.Code);
            Assert.True(hash.IsOf(Encoding.ASCII.GetBytes(line[1])));
            Assert.False(hash.IsOf("other"u8));
            Assert.Equal(bytes, new Multihash(hash.Code, hash.Digest).Bytes);
        }
    }

    [Fact]
    public void Cut_and_wrong_ones_are_refused()
    {
        byte[] whole = Multihash.Sha256("x"u8).Bytes.ToArray();
        for (int length = 0; length < whole.Length; length++)
            Assert.False(Multihash.TryRead(whole.AsSpan(0, length), out _, out _));
        Assert.False(Multihash.TryDecode([.. whole, 0], out _));
        Assert.True(Multihash.TryRead([.. whole, 0], out _, out int used) && used == whole.Length);
        Assert.False(Multihash.TryDecode([0x12, 33, .. new byte[33]], out _)); // longer than SHA-256 makes them
        Assert.False(Multihash.TryDecode([0, 0x81, 1, .. new byte[129]], out _));
        Assert.True(Multihash.TryDecode([0, 0x80, 1, .. new byte[128]], out _));
        Assert.Throws<ArgumentException>(() => Multihash.Identity(new byte[129]));
    }

    [Fact]
    public void Cids_of_both_versions_come_back()
    {
        // The empty file in both versions, as kubo names it.
        Assert.True(Cid.TryParse("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", out Cid? old));
        Assert.Equal((0, Multicodec.DagPb), (old.Version, old.Codec));
        Assert.Equal("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", old.ToString());
        Assert.Equal("bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y", new Cid(Multicodec.DagPb, old.Hash).ToString());

        Assert.True(Cid.TryParse("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", out Cid? empty));
        Assert.Equal((1, Multicodec.Raw), (empty.Version, empty.Codec));
        Assert.True(empty.Hash.IsOf([]));
        Assert.True(Cid.TryParse(empty.ToString(MultibaseEncoding.Base36), out Cid? again));
        Assert.Equal(empty, again);

        foreach (Cid cid in new[] { old, empty })
        {
            byte[] bytes = cid.ToBytes();
            Assert.True(Cid.TryRead([.. bytes, 9], out Cid? read, out int length));
            Assert.Equal((cid, bytes.Length), (read, length));
            for (int cut = 0; cut < bytes.Length; cut++)
                Assert.False(Cid.TryDecode(bytes.AsSpan(0, cut), out _));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ0")]
    [InlineData("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk")]
    [InlineData("zQmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")] // version 0 has no prefix
    [InlineData("bajuwyzdmmu")]
    public void Other_text_is_no_cid(string text) => Assert.False(Cid.TryParse(text, out _));
}
