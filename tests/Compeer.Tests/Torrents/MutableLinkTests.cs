using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.Torrents;

/// <summary>BEP 46: links that name a key, and what the key's owner signs.</summary>
public sealed class MutableLinkTests
{
    // The example of BEP 46.
    private const string Key = "8543d3e6115f0f98c944077a4493dcd543e49c739fd998550a1f614ab36ed63e";

    [Theory]
    [InlineData("magnet:?xs=urn:btpk:" + Key, "")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=6e", "6e")]
    [InlineData(" MAGNET:?dn=x&S=6E&XS=URN:BTPK:8543D3E6115F0F98C944077A4493DCD543E49C739FD998550A1F614AB36ED63E ", "6e")]
    public void A_link_is_read(string text, string salt)
    {
        Assert.True(MutableLink.TryParse(text, out MutableLink? link, out _));

        Assert.Equal(Key, Convert.ToHexStringLower(link.PublicKey.Span));
        Assert.Equal(salt, Convert.ToHexStringLower(link.Salt.Span));
    }

    [Theory]
    [InlineData("magnet:?xs=urn:btpk:" + Key)]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=6e")]
    public void A_link_is_written_as_it_was_read(string text)
    {
        Assert.True(MutableLink.TryParse(text, out MutableLink? link, out _));
        Assert.Equal(text, link.ToString());
    }

    [Theory]
    [InlineData("magnet:?xs=urn:btpk:", "64 hexadecimal digits")]
    [InlineData("magnet:?xs=urn:btpk:zz" + Key, "64 hexadecimal digits")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "00", "64 hexadecimal digits")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=6", "salt")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=nothex", "salt")]
    [InlineData("magnet:?xs=urn:btpk:" + Key + "&s=" + Key + Key + "00", "longer than 64 bytes")]
    public void A_wrong_link_is_refused_with_the_reason(string text, string reason)
    {
        Assert.True(MutableLink.IsMutable(text));
        Assert.False(MutableLink.TryParse(text, out _, out string error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_ordinary_magnet_is_no_mutable_link() =>
        Assert.False(MutableLink.IsMutable("magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=xs"));

    [Fact]
    public void A_pointer_names_an_info_hash()
    {
        Sha1Hash infoHash = Sha1Hash.Of("any"u8);
        Assert.True(TorrentPointer.TryDecode(TorrentPointer.Encode(infoHash), out Sha1Hash named));
        Assert.Equal(infoHash, named);
    }

    [Theory]
    [InlineData("")]
    [InlineData("de")]
    [InlineData("4:spam")]
    [InlineData("d2:ih19:1234567890123456789e")]
    [InlineData("d2:ih21:123456789012345678901e")]
    [InlineData("d2:ihi7ee")]
    [InlineData("d2:ih20:12345678901234567890")]
    public void Anything_else_names_nothing(string value) =>
        Assert.False(TorrentPointer.TryDecode(System.Text.Encoding.ASCII.GetBytes(value), out _));
}
