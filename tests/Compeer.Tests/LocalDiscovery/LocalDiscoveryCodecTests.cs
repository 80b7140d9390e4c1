using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols.LocalDiscovery;

namespace Compeer.Tests.LocalDiscovery;

public sealed class LocalDiscoveryCodecTests
{
    private const string Hash = "0123456789abcdef0123456789abcdef01234567";

    [Fact]
    public void An_announcement_is_the_text_that_the_BEP_says()
    {
        Assert.True(Sha1Hash.TryParseHex(Hash, out Sha1Hash hash));
        byte[] bytes = LocalDiscoveryCodec.Write(new LocalAnnouncement(6881, [hash], "abc"), LocalDiscoveryCodec.GroupV4);
        Assert.Equal($"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: {Hash}\r\ncookie: abc\r\n\r\n\r\n", Encoding.ASCII.GetString(bytes));
        Assert.Contains("Host: [ff15::efc0:988f]:6771\r\n", Encoding.ASCII.GetString(LocalDiscoveryCodec.Write(new LocalAnnouncement(6881, [hash], null), LocalDiscoveryCodec.GroupV6)), StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_torrents_as_fit_are_written_and_read()
    {
        var full = new LocalAnnouncement(1, [.. Enumerable.Range(0, LocalDiscoveryCodec.MaxInfoHashes).Select(i => Sha1Hash.Of([(byte)i]))], "0123456789ab");
        byte[] bytes = LocalDiscoveryCodec.Write(full, LocalDiscoveryCodec.GroupV6);
        Assert.True(bytes.Length <= LocalDiscoveryCodec.MaxLengthBytes, $"{bytes.Length} bytes");
        Assert.True(LocalDiscoveryCodec.TryRead(bytes, out LocalAnnouncement? read));
        Assert.Equal((full.Port, full.Cookie), (read.Port, read.Cookie));
        Assert.True(full.InfoHashes.AsSpan().SequenceEqual(read.InfoHashes.AsSpan()));
        Assert.Throws<ArgumentException>(() => LocalDiscoveryCodec.Write(full with { InfoHashes = [.. full.InfoHashes, Sha1Hash.Of("more"u8)] }, LocalDiscoveryCodec.GroupV4));
        Assert.Throws<ArgumentException>(() => LocalDiscoveryCodec.Write(full with { InfoHashes = [] }, LocalDiscoveryCodec.GroupV4));
    }

    [Theory]
    [InlineData("Port: 6881\r\nInfohash: H\r\n\r\n\r\n")]
    [InlineData("Host: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: H\r\n\r\n")]
    [InlineData("host: x\r\nPORT:6881\r\ninfohash:H\r\nX-Other: y: z\r\ncookie: <odd one>\r\n\r\n\r\n")]
    [InlineData("Port:\t6881 \r\nInfohash: H\r\nInfohash: H\r\n\r\n\r\nwhatever follows")]
    public void Other_spellings_are_read(string headers)
    {
        Assert.True(Read("BT-SEARCH * HTTP/1.1\r\n" + headers, out LocalAnnouncement? read));
        Assert.Equal(6881, read!.Port);
        Assert.Equal(Hash, Assert.Single(read.InfoHashes).ToString());
        Assert.Null(read.Cookie);
    }

    [Theory]
    [InlineData("")]
    [InlineData("BT-SEARCH * HTTP/1.0\r\nPort: 1\r\nInfohash: H\r\n\r\n")]
    [InlineData("M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: -1\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nPort: 2\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: Hff\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: 0123\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: zz23456789abcdef0123456789abcdef01234567\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\n\r\nPort: 1\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\nPort: 1\nInfohash: H\n\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nno colon here\r\nPort: 1\r\nInfohash: H\r\n\r\n")]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: H\r\nX: \u00e9\r\n\r\n")]
    public void What_is_not_an_announcement_is_refused(string text) => Assert.False(Read(text, out _));

    [Fact]
    public void Too_many_torrents_and_too_many_bytes_are_refused()
    {
        Assert.False(Read("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n" + string.Concat(Enumerable.Repeat("Infohash: H\r\n", 34)) + "\r\n", out _));
        Assert.False(Read("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: H\r\nX: " + new string('x', 2000) + "\r\n\r\n", out _));
    }

    [Fact]
    public void Cut_damaged_and_random_bytes_do_no_harm()
    {
        byte[] good = Encoding.ASCII.GetBytes($"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: {Hash}\r\ncookie: abc\r\n\r\n\r\n");
        for (int length = 0; length < good.Length; length++)
            _ = LocalDiscoveryCodec.TryRead(good.AsSpan(0, length), out _);
        var random = new Random(3);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = (byte[])good.Clone();
            for (int n = random.Next(1, 5); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = LocalDiscoveryCodec.TryRead(bytes, out _);
            random.NextBytes(bytes);
            Assert.False(LocalDiscoveryCodec.TryRead(bytes, out _));
        }
    }

    private static bool Read(string text, out LocalAnnouncement? read) =>
        LocalDiscoveryCodec.TryRead(Encoding.Latin1.GetBytes(text.Replace(": H", ": " + Hash, StringComparison.Ordinal).Replace(":H\r", ":" + Hash + "\r", StringComparison.Ordinal)), out read);
}
