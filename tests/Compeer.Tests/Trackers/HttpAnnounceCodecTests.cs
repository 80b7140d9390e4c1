using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>The HTTP client's codec against our own server's reader, and against bytes that mean harm.</summary>
public class HttpAnnounceCodecTests
{
    private static readonly Uri Announce = new("http://tracker.example/announce?passkey=a%20b");

    [Fact]
    public void What_the_client_writes_the_server_reads()
    {
        var random = new Random(20261);
        for (int i = 0; i < 500; i++)
        {
            AnnounceRequest request = TrackerSamples.RandomRequest(random);
            Uri uri = HttpAnnounceCodec.BuildUri(Announce, request);
            Assert.StartsWith("/announce?passkey=a%20b&info_hash=", uri.PathAndQuery, StringComparison.Ordinal);

            Assert.True(HttpTrackerQuery.TryReadAnnounce(uri.PathAndQuery, IPAddress.Loopback, out SwarmAnnounce read, out bool compact, out string problem), problem);
            Assert.Equal(new SwarmAnnounce(request.InfoHash, IPAddress.Loopback, request.Port, request.Left == 0, request.Event, request.NumWant), read);
            Assert.True(compact);
        }
    }

    [Fact]
    public void Every_byte_survives_the_query()
    {
        for (int value = 0; value < 256; value++)
        {
            byte[] bytes = new byte[20];
            Array.Fill(bytes, (byte)value);
            Uri uri = HttpAnnounceCodec.BuildUri(Announce, TrackerSamples.Request(new Sha1Hash(bytes)));
            Assert.True(HttpTrackerQuery.TryReadAnnounce(uri.PathAndQuery, IPAddress.Loopback, out SwarmAnnounce read, out _, out _));
            Assert.Equal(new Sha1Hash(bytes), read.InfoHash);
        }
    }

    [Theory]
    [InlineData("http://t.example/announce", "http://t.example/announce?info_hash=")]
    [InlineData("http://t.example/announce?", "http://t.example/announce?info_hash=")]
    [InlineData("http://t.example/announce?a=b", "http://t.example/announce?a=b&info_hash=")]
    [InlineData("http://t.example/announce?a=b&", "http://t.example/announce?a=b&info_hash=")]
    [InlineData("http://t.example/announce#fragment", "http://t.example/announce?info_hash=")]
    [InlineData("http://t.example", "http://t.example/?info_hash=")]
    public void Parameters_follow_the_trackers_own(string announce, string expected) =>
        Assert.StartsWith(expected, HttpAnnounceCodec.BuildUri(new Uri(announce), TrackerSamples.Request()).AbsoluteUri, StringComparison.Ordinal);

    [Fact]
    public void Reads_compact_peers_of_both_families_and_all_fields()
    {
        byte[] body = TrackerSamples.Ascii(
            "d8:completei5e10:downloadedi7e11:external ip4:\u0001\u0002\u0003\u000410:incompletei6e8:intervali1800e12:min intervali60e"
            + "5:peers12:\u000a\u0000\u0000\u0001\u001a\u00e1\u000a\u0000\u0000\u0002\u001a\u00e16:peers618:\u0020\u0001\u000d\u00b8\0\0\0\0\0\0\0\0\0\0\0\u0001\u001a\u00e1"
            + "10:tracker id3:xyz15:warning message5:carefe");
        AnnounceResponse response = HttpAnnounceCodec.ReadResponse(body).Response!;
        Assert.Equal(["10.0.0.1:6881", "10.0.0.2:6881", "[2001:db8::1]:6881"], response.Peers.Select(p => p.ToString()));
        Assert.Equal((5, 6, 7), (response.Seeders, response.Leechers, response.Downloaded));
        Assert.Equal((1800.0, 60.0), (response.Interval!.Value.TotalSeconds, response.MinInterval!.Value.TotalSeconds));
        Assert.Equal(IPAddress.Parse("1.2.3.4"), response.ExternalAddress);
        Assert.Equal(("xyz", "caref"), (response.TrackerId, response.Warning));
    }

    [Fact]
    public void Reads_peers_as_dictionaries_and_leaves_host_names_out()
    {
        byte[] body = TrackerSamples.Ascii("d8:intervali900e5:peersld2:ip8:10.0.0.14:porti6881eed2:ip11:2001:db8::14:porti6882eed2:ip8:evil.com4:porti80eeee");
        Assert.Equal(["10.0.0.1:6881", "[2001:db8::1]:6882"], HttpAnnounceCodec.ReadResponse(body).Response!.Peers.Select(p => p.ToString()));
    }

    [Theory]
    [InlineData("retry after minutes as a string", "d14:failure reason10:Overloaded8:retry in1:5e", 5, false)]
    [InlineData("retry after minutes as a number", "d14:failure reason10:Overloaded8:retry ini5ee", 5, false)]
    [InlineData("never", "d14:failure reason4:gone8:retry in5:nevere", null, true)]
    [InlineData("no wish", "d14:failure reason4:gonee", null, false)]
    [InlineData("negative wish", "d14:failure reason4:gone8:retry ini-5ee", null, false)]
    public void A_refusal_carries_the_trackers_wish(string name, string body, int? minutes, bool never)
    {
        TrackerFailure failure = HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii(body)).Failure!;
        Assert.True(failure.Kind == TrackerFailureKind.Refused, name);
        Assert.Equal(minutes, (int?)failure.RetryIn?.TotalMinutes);
        Assert.Equal(never, failure.IsPermanent);
    }

    [Theory]
    [InlineData("empty body", "")]
    [InlineData("truncated bencode", "d8:intervali1800e5:peers60:abc")]
    [InlineData("trailing bytes", "d8:intervali1800eexx")]
    [InlineData("not a dictionary", "li1ee")]
    [InlineData("a web page", "<html><body>404</body></html>")]
    [InlineData("peers not a multiple of 6", "d8:intervali1800e5:peers7:1234567e")]
    [InlineData("peers6 not a multiple of 18", "d8:intervali1800e6:peers67:1234567e")]
    [InlineData("peers a number", "d5:peersi5ee")]
    [InlineData("string longer than memory", "d5:peers99999999999:e")]
    [InlineData("duplicate keys", "d8:intervali1e8:intervali2ee")]
    public void Damaged_answers_are_failures_with_a_sentence(string name, string body)
    {
        TrackerFailure? failure = HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii(body)).Failure;
        Assert.True(failure?.Kind == TrackerFailureKind.Malformed, name);
        Assert.EndsWith(".", failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("negative interval", "d8:intervali-5ee", null)]
    [InlineData("zero interval", "d8:intervali0ee", null)]
    [InlineData("interval as text", "d8:interval4:1800e", null)]
    [InlineData("giant interval", "d8:intervali9223372036854775807ee", (double)int.MaxValue)]
    [InlineData("interval beyond 64 bits", "d8:intervali99999999999999999999999ee", null)]
    public void Odd_intervals_are_harmless(string name, string body, double? seconds)
    {
        AnnounceResult result = HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii(body));
        Assert.True(!result.IsSuccess || result.Response.Interval?.TotalSeconds == seconds, name);
    }

    [Theory]
    [InlineData("port 0", "\u000a\0\0\u0001\0\0")]
    [InlineData("unspecified address", "\0\0\0\0\u001a\u00e1")]
    [InlineData("multicast", "\u00e0\0\0\u0001\u001a\u00e1")]
    [InlineData("broadcast", "\u00ff\u00ff\u00ff\u00ff\u001a\u00e1")]
    public void Peers_that_cannot_be_are_left_out(string name, string record)
    {
        AnnounceResult result = HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii($"d5:peers6:{record}e"));
        Assert.True(result.Response!.Peers.IsEmpty, name);
    }

    [Fact]
    public void A_hostile_message_is_shown_as_one_clean_short_line()
    {
        string text = "\u001b[31mred\r\nSet-Cookie: x" + new string('y', 5000);
        string message = HttpAnnounceCodec.ReadResponse(TrackerSamples.Ascii($"d14:failure reason{text.Length}:{text}e")).Failure!.Message;
        Assert.DoesNotContain(message, c => char.IsControl(c));
        Assert.InRange(message.Length, 10, 260);
    }

    [Fact]
    public void Cut_anywhere_or_random_nothing_throws()
    {
        byte[] whole = TrackerSamples.Ascii("d8:completei5e8:intervali1800e5:peers6:\u000a\0\0\u0001\u001a\u00e112:tracker idxx0:e");
        for (int length = 0; length < whole.Length; length++)
            Assert.False(HttpAnnounceCodec.ReadResponse(whole.AsMemory(0, length)).IsSuccess);
        var random = new Random(7);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. whole];
            for (int change = random.Next(1, 5); change > 0; change--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            AnnounceResult result = HttpAnnounceCodec.ReadResponse(damaged);
            Assert.True(result.IsSuccess || result.Failure.Message.Length > 0);
        }
    }

    [Fact]
    public void Scrape_replaces_the_last_path_element_only_where_the_specification_allows_it()
    {
        Sha1Hash[] swarms = [TrackerSamples.Hash(1), TrackerSamples.Hash(2)];
        Assert.True(HttpScrapeCodec.TryBuildUri(new Uri("http://t.example/announce/x/announce.php?k=1"), swarms, out Uri? scrape));
        Assert.StartsWith("http://t.example/announce/x/scrape.php?k=1&info_hash=", scrape.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal(2, scrape.Query.Split("info_hash=").Length - 1);
        Assert.False(HttpScrapeCodec.TryBuildUri(new Uri("http://t.example/a"), swarms, out _));
        Assert.False(HttpScrapeCodec.TryBuildUri(new Uri("http://t.example/a?x=/announce"), swarms, out _));
    }

    [Fact]
    public void Scrape_answers_only_what_was_asked()
    {
        string hash = System.Text.Encoding.Latin1.GetString(TrackerSamples.Hash(1).AsSpan());
        byte[] body = TrackerSamples.Ascii($"d5:filesd20:{hash}d8:completei11e10:downloadedi13772e10:incompletei-9eeee");
        ScrapeResult result = HttpScrapeCodec.ReadResponse(body, [TrackerSamples.Hash(1), TrackerSamples.Hash(2)]);
        Assert.Equal(new SwarmCounts(11, 0, 13772), Assert.Single(result.Swarms!).Value);
    }

    [Theory]
    [InlineData("no info hash", "/announce?peer_id=aaaaaaaaaaaaaaaaaaaa&port=1", "info_hash is missing.")]
    [InlineData("short info hash", "/announce?info_hash=%00%01&peer_id=aaaaaaaaaaaaaaaaaaaa&port=1", "info_hash must be")]
    [InlineData("21 bytes", "/announce?info_hash=aaaaaaaaaaaaaaaaaaaab&port=1", "info_hash must be")]
    [InlineData("cut escape", "/announce?info_hash=aaaaaaaaaaaaaaaaaaa%0", "info_hash must be")]
    [InlineData("no peer id", "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&port=1", "peer_id must be")]
    [InlineData("no port", "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa", "port is missing.")]
    [InlineData("port too great", "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=65536", "port must be")]
    [InlineData("negative left", "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=1&left=-1", "left must be")]
    [InlineData("nothing", "/announce", "info_hash is missing.")]
    [InlineData("only separators", "/announce?&&=&=&", "info_hash is missing.")]
    public void The_server_says_what_is_wrong(string name, string target, string expected)
    {
        Assert.False(HttpTrackerQuery.TryReadAnnounce(target, IPAddress.Loopback, out _, out _, out string problem), name);
        Assert.StartsWith(expected, problem, StringComparison.Ordinal);
    }
}
