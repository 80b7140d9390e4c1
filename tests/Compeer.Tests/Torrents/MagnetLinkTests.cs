using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Torrents;

public class MagnetLinkTests
{
    private const string V1 = "631a31dd0a46257d5078c0dee4e66e26f73e42ac";
    private const string V2 = "d8dd32ac93357c368556af3ac1d95c9d76bd0dff6fa9833ecdac3d53134efabb";
    private const string Topic = "magnet:?xt=urn:btih:" + V1;

    private static MagnetLink Parse(string text)
    {
        Assert.True(MagnetLink.TryParse(text, out MagnetLink? link, out string error), error);
        return link;
    }

    [Fact]
    public void A_full_link_is_read_and_written()
    {
        const string text = Topic + "&xt=urn:btmh:1220" + V2
            + "&dn=two%20words%20%26%20more&tr=http%3A%2F%2Fa.example%2Fannounce%3Fx%3D1&tr=udp%3A%2F%2Fb.example%3A6969&ws=https%3A%2F%2Fw.example%2F"
            + "&x.pe=1.2.3.4:5&x.pe=[2001:db8::1]:6881&x.pe=host.example:80&so=0,2-4";
        MagnetLink link = Parse(text);
        Assert.Equal((V1, V2), (link.InfoHashes.V1.ToString(), link.InfoHashes.V2.ToString()));
        Assert.Equal("two words & more", link.Name);
        Assert.Equal(["http://a.example/announce?x=1", "udp://b.example:6969"], [.. link.Trackers]);
        Assert.Equal(["https://w.example/"], [.. link.WebSeeds]);
        Assert.Equal(["1.2.3.4:5", "[2001:db8::1]:6881", "host.example:80"], [.. link.Peers]);
        Assert.Equal([0, 2, 3, 4], [.. link.SelectedFiles]);
        Assert.Equal(text, link.ToString());
    }

    [Theory]
    [InlineData("lower case", "magnet:?xt=urn:btih:" + V1)]
    [InlineData("upper case", "MAGNET:?XT=URN:BTIH:631A31DD0A46257D5078C0DEE4E66E26F73E42AC")]
    [InlineData("base32", "magnet:?xt=urn:btih:MMNDDXIKIYSX2UDYYDPOJZTOE33T4QVM")]
    [InlineData("base32 in lower case", "magnet:?xt=urn:btih:mmnddxikiysx2udyydpojztoe33t4qvm")]
    [InlineData("numbered", "magnet:?xt.1=urn:btih:" + V1)]
    [InlineData("escaped", "magnet:?xt=urn%3Abtih%3A" + V1)]
    [InlineData("blanks around", "  " + Topic + "\n")]
    [InlineData("the same twice", Topic + "&xt=urn:btih:" + V1)]
    [InlineData("other topics too", Topic + "&xt=urn:sha1:ABC&xt=urn:ed2k:1")]
    [InlineData("empty parts", "magnet:?&&=x&" + "xt=urn:btih:" + V1 + "&dn=&tr=&so=&novalue")]
    public void A_hash_is_read_as_it_is_written_by_many(string name, string text)
    {
        Assert.NotEmpty(name);
        Assert.Equal(V1, Parse(text).InfoHashes.V1.ToString());
        Assert.Null(Parse(text).Name);
    }

    [Theory]
    [InlineData("empty", "", "magnet:?")]
    [InlineData("a web address", "http://x/", "magnet:?")]
    [InlineData("nothing in it", "magnet:?", "names no torrent")]
    [InlineData("another network", "magnet:?xt=urn:sha1:ABC", "names no torrent")]
    [InlineData("hash one short", "magnet:?xt=urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42a", "neither 40")]
    [InlineData("hash with a letter wrong", "magnet:?xt=urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42ag", "neither 40")]
    [InlineData("base32 with a 1 in it", "magnet:?xt=urn:btih:1MNDDXIKIYSX2UDYYDPOJZTOE33T4QVM", "neither 40")]
    [InlineData("multihash of another function", "magnet:?xt=urn:btmh:1114" + V1, "SHA-256 multihash")]
    [InlineData("multihash cut", "magnet:?xt=urn:btmh:1220d8dd", "SHA-256 multihash")]
    [InlineData("two different torrents", Topic + "&xt=urn:btih:0000000000000000000000000000000000000000", "two different")]
    [InlineData("selection of billions", Topic + "&so=0-4000000000", "so=")]
    [InlineData("selection of all integers", Topic + "&so=0-2147483647", "so=")]
    [InlineData("selection of billions in parts", Topic + "&so=0-60000,100000-160000", "so=")]
    [InlineData("selection backwards", Topic + "&so=5-2", "so=")]
    [InlineData("selection negative", Topic + "&so=-1", "so=")]
    [InlineData("selection of words", Topic + "&so=all", "so=")]
    public void Is_refused_with_a_reason(string name, string text, string reason)
    {
        Assert.NotEmpty(name);
        Assert.False(MagnetLink.TryParse(text, out MagnetLink? link, out string error));
        Assert.Null(link);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_of_a_megabyte_is_refused() => Assert.False(MagnetLink.TryParse(Topic + new string('&', 1 << 20), out _, out _));

    [Fact]
    public void Too_many_trackers_and_peers_are_cut_off()
    {
        string many = string.Concat(Enumerable.Range(0, 1000).Select(i => $"&tr=http://a/{i}&x.pe=1.2.3.4:{i + 1}"));
        MagnetLink link = Parse(Topic + many);
        Assert.Equal((MagnetLink.MaxEntries, MagnetLink.MaxEntries), (link.Trackers.Length, link.Peers.Length));
    }

    [Theory]
    [InlineData("no port", "1.2.3.4")]
    [InlineData("port 0", "1.2.3.4:0")]
    [InlineData("port too large", "1.2.3.4:65536")]
    [InlineData("port negative", "1.2.3.4:-1")]
    [InlineData("no host", ":80")]
    [InlineData("another field smuggled in", "1.2.3.4:80%26tr=http://evil/")]
    [InlineData("a field smuggled into the host", "a%26tr=x:80")]
    [InlineData("a line break", "host%0d%0a:80")]
    [InlineData("v6 without brackets", "2001:db8::1:80")]
    [InlineData("brackets around v4", "[1.2.3.4]:80")]
    [InlineData("a path", "host/path:80")]
    public void Peers_that_are_none_are_left_out(string name, string peer)
    {
        Assert.NotEmpty(name);
        Assert.Empty(Parse($"{Topic}&x.pe={peer}").Peers);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://x/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/announce")]
    [InlineData("http://a/%0d%0aHost:b")]
    public void Trackers_of_other_kinds_are_left_out(string tracker) => Assert.Empty(Parse($"{Topic}&tr={tracker}&ws={tracker}").Trackers);

    [Fact]
    public void A_name_with_tricks_becomes_harmless() => Assert.Equal("..etcgpj.exe", Parse(Topic + "&dn=../etc%00%E2%80%AEgpj.exe").Name);

    [Fact]
    public void What_is_written_is_read_the_same()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[52];
            random.NextBytes(bytes);
            int which = random.Next(1, 4);
            var link = new MagnetLink
            {
                InfoHashes = new InfoHashes((which & 1) != 0 ? new Sha1Hash(bytes.AsSpan(0, 20)) : null, (which & 2) != 0 ? new Sha256Hash(bytes.AsSpan(20)) : null),
                Name = random.Next(3) == 0 ? null : SafePath.SanitiseElement(string.Concat(random.GetItems<char>("ab &=%+#?\u00fc\u96ea.", 9))),
                Trackers = [.. Enumerable.Range(0, random.Next(4)).Select(i => $"http://t{i}.example/a?b=c&d=%20")],
                Peers = [.. Enumerable.Range(0, random.Next(3)).Select(i => $"[::{i}]:{i + 1}")],
                SelectedFiles = [.. Enumerable.Range(0, random.Next(60)).Where(_ => random.Next(2) == 0)],
            };
            MagnetLink read = Parse(link.ToString());
            Assert.Equal(link.InfoHashes, read.InfoHashes);
            Assert.Equal(link.Name, read.Name);
            Assert.Equal([.. link.Trackers], (string[])[.. read.Trackers]);
            Assert.Equal([.. link.Peers], (string[])[.. read.Peers]);
            Assert.Equal([.. link.SelectedFiles], (int[])[.. read.SelectedFiles]);
        }
    }

    [Fact]
    public void The_longest_selection_fits_a_link()
    {
        MagnetLink link = Parse(Topic) with { SelectedFiles = [.. Enumerable.Range(0, MagnetLink.MaxSelected)] };
        Assert.EndsWith("&so=0-99999", link.ToString(), StringComparison.Ordinal);
        Assert.Equal(MagnetLink.MaxSelected, Parse(link.ToString()).SelectedFiles.Length);
    }

    [Fact]
    public void Any_text_gives_a_link_or_a_reason()
    {
        string[] parts = ["magnet:?", "xt=", "urn:btih:", V1, "urn:btmh:1220", V2, "&", "=", "%", "%0", "%zz", "so=", "1-", "-", ",", "x.pe=", "tr=", "dn=", "[", "]:", "\0", "\ud83d", "+"];
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            if (seed % 2 == 0)
                text = Topic + "&" + text;
            if (MagnetLink.TryParse(text, out MagnetLink? link, out string error))
                Assert.Equal(link.InfoHashes, Parse(link.ToString()).InfoHashes);
            else
                Assert.NotEmpty(error);
        }
    }
}
