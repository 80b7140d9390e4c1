using System.Text;
using Compeer.Formats.Feeds;
using Compeer.Node.Intake;

namespace Compeer.Tests.Feeds;

/// <summary>Feeds as the world writes them, and as the hostile do; and what rules look for.</summary>
public sealed class FeedDocumentTests
{
    private const string Rss = """
        <?xml version="1.0" encoding="utf-8"?>
        <rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/"><channel><title>New &amp; fresh</title><image><title>Logo</title></image>
        <item><title><![CDATA[First <film>]]></title><guid>id-1</guid><link>http://a.example/page</link>
          <enclosure url="http://a.example/1.torrent" type="application/x-bittorrent" length="1"/><pubDate>Sat, 01 Aug 2026 10:00:00 GMT</pubDate></item>
        <item><title>Second</title><link>magnet:?xt=urn:btih:aa</link></item>
        <item><title>Third</title><link>http://a.example/3</link><torrent:magnetURI>magnet:?xt=urn:btih:bb</torrent:magnetURI></item>
        <item/>
        </channel></rss>
        """;

    private const string Atom = """
        <feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Words</title>
        <entry><id>urn:1</id><title type="xhtml"><div>A <b>bold</b> one</div></title><link href="http://a.example/p"/><link rel="enclosure" type="application/x-bittorrent" href="/1.torrent"/><updated>2026-08-01T00:00:00Z</updated></entry>
        <entry><id>urn:2</id><link rel="self" href="http://a.example/self"/></entry></feed>
        """;

    [Fact]
    public void Rss_and_atom_name_their_torrents()
    {
        FeedDocument rss = Parse(Rss);
        Assert.Equal("New & fresh", rss.Title);
        Assert.Equal(
            [
                new FeedItem("id-1", "First <film>", "http://a.example/1.torrent", "Sat, 01 Aug 2026 10:00:00 GMT"),
                new FeedItem("magnet:?xt=urn:btih:aa", "Second", "magnet:?xt=urn:btih:aa", null),
                new FeedItem("magnet:?xt=urn:btih:bb", "Third", "magnet:?xt=urn:btih:bb", null),
            ], rss.Items);
        FeedDocument atom = Parse(Atom);
        Assert.Equal("Words", atom.Title);
        Assert.Equal([new FeedItem("urn:1", "A bold one", "/1.torrent", "2026-08-01T00:00:00Z"), new FeedItem("urn:2", "urn:2", "", null)], atom.Items);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY b \"c\">]><rss><channel><title>&b;</title></channel></rss>")]
    [InlineData("<!DOCTYPE a SYSTEM \"http://127.0.0.1/x\"><rss/>")]
    [InlineData("<rss><channel><title>&unknown;</title></channel></rss>")]
    [InlineData("<html><body/></html>")]
    [InlineData("<?xml version=\"1.0\" encoding=\"no-such\"?><rss/>")]
    [InlineData("")]
    [InlineData("d8:announce3:abce")]
    public void What_is_no_feed_or_brings_a_document_type_is_refused(string text)
    {
        Assert.False(FeedDocument.TryParse(Encoding.UTF8.GetBytes(text), out _, out string error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Cut_short_it_is_refused_whole()
    {
        foreach (string text in (string[])[Rss.Trim(), Atom.Trim()])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            for (int length = 0; length < bytes.Length; length++)
                Assert.False(FeedDocument.TryParse(bytes.AsMemory(0, length), out _, out _));
        }
    }

    [Fact]
    public void Damaged_anywhere_it_is_read_or_refused_and_no_more()
    {
        var random = new Random(5);
        byte[] bytes = Encoding.UTF8.GetBytes(Rss.Trim());
        for (int round = 0; round < 2000; round++)
        {
            byte[] damaged = [.. bytes];
            for (int i = random.Next(1, 6); i > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            bool isRead = FeedDocument.TryParse(damaged, out FeedDocument? document, out string error);
            Assert.Equal(isRead, error.Length == 0 && document is not null);
        }
    }

    [Fact]
    public void Long_deep_and_many_are_bounded()
    {
        Assert.False(FeedDocument.TryParse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<rss>", 5000))), out _, out string error));
        Assert.Contains("nested", error, StringComparison.Ordinal);
        FeedDocument many = Parse($"<rss><channel>{string.Concat(Enumerable.Range(0, 3000).Select(i => $"<item><title>{i}</title></item>"))}</channel></rss>");
        Assert.Equal(1000, many.Items.Count);
        FeedDocument wide = Parse($"<rss><channel><item><guid>1</guid><title>{new string('x', 100_000)}\u202e</title></item></channel></rss>");
        Assert.Equal(500, wide.Items[0].Title.Length);
    }

    [Theory]
    [InlineData("", "anything", true)]
    [InlineData("film", "The FILM of the year", true)]
    [InlineData("film*1080p", "A film, 1080P, new", true)]
    [InlineData("film*1080p", "1080p film", false)]
    [InlineData("s0?e", "x S01E02", true)]
    [InlineData(@"a\b", @"xa\bx", true)]
    [InlineData("[1080p] (a+b)", "new [1080p] (A+B)", true)]
    [InlineData("/^s\\d+e(01|02)$/", "S1E02", true)]
    [InlineData("/^s\\d+e(01|02)$/", "S1E03", false)]
    [InlineData("/(a+)+$/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false)]
    public void A_pattern_is_text_wildcards_or_an_expression(string text, string title, bool matches)
    {
        Assert.True(TitlePattern.TryRead(text, out TitlePattern? pattern, out string problem), problem);
        Assert.Equal(matches, pattern.Matches(title));
    }

    [Theory]
    [InlineData("/(/")]
    [InlineData("/(?<=a)b/")]
    [InlineData(@"/(a)\1/")]
    public void What_cannot_be_looked_for_says_why(string text)
    {
        Assert.False(TitlePattern.TryRead(text, out _, out string problem));
        Assert.NotEmpty(problem);
        Assert.False(TitlePattern.TryRead(new string('x', 201), out _, out _));
    }

    private static FeedDocument Parse(string text)
    {
        Assert.True(FeedDocument.TryParse(Encoding.UTF8.GetBytes(text.Trim()), out FeedDocument? document, out string error), error);
        return document;
    }
}
