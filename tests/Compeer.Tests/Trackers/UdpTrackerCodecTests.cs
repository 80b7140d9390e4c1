using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>The UDP datagrams, the client's session over them, and the tracker's answers. Spec: BEP 15, BEP 41.</summary>
public class UdpTrackerCodecTests
{
    [Fact]
    public void Announces_survive_the_wire()
    {
        var random = new Random(42);
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        byte[] read = new byte[600];
        for (int i = 0; i < 500; i++)
        {
            AnnounceRequest request = TrackerSamples.RandomRequest(random);
            byte[] url = new byte[random.Next(0, UdpTrackerCodec.MaxUrlDataBytes + 1)];
            random.NextBytes(url);
            int length = UdpTrackerCodec.WriteAnnounceRequest(datagram, 0x1122334455667788, 77, request, url);

            Assert.True(UdpTrackerRequest.TryRead(datagram.AsSpan(0, length), out UdpTrackerRequest view));
            Assert.Equal((0x1122334455667788UL, 77U, UdpTrackerAction.Announce), (view.ConnectionId, view.TransactionId, view.Action));
            Assert.Equal(request, view.ToAnnounce());
            Assert.True(view.TryReadUrlData(read, out int written));
            Assert.Equal(url, read.AsSpan(0, written).ToArray());
        }
    }

    [Theory]
    [InlineData("plain", "020c2f6469723f613d6226633d64", "/dir?a=b&c=d")]
    [InlineData("padded and ended", "020c2f6469723f613d6226633d64010100ffff", "/dir?a=b&c=d")]
    [InlineData("empty data", "0200", "")]
    [InlineData("in two parts", "02042f6469720503616263020461626364", "/dirabcd")]
    [InlineData("none", "", "")]
    public void Reads_the_options_of_bep_41(string name, string options, string expected)
    {
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        int length = UdpTrackerCodec.WriteAnnounceRequest(datagram, 1, 2, TrackerSamples.Request(), default);
        byte[] whole = [.. datagram.AsSpan(0, length), .. Convert.FromHexString(options)];
        Assert.True(UdpTrackerRequest.TryRead(whole, out UdpTrackerRequest request), name);
        byte[] text = new byte[100];
        Assert.True(request.TryReadUrlData(text, out int written), name);
        Assert.Equal(expected, Encoding.ASCII.GetString(text.AsSpan(0, written)));
    }

    [Theory]
    [InlineData("length beyond the end", "020c2f64")]
    [InlineData("no length", "02")]
    [InlineData("unknown option cut", "77ff00")]
    public void Cut_options_are_refused(string name, string options)
    {
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        int length = UdpTrackerCodec.WriteAnnounceRequest(datagram, 1, 2, TrackerSamples.Request(), default);
        byte[] whole = [.. datagram.AsSpan(0, length), .. Convert.FromHexString(options)];
        Assert.True(UdpTrackerRequest.TryRead(whole, out UdpTrackerRequest request));
        Assert.False(request.TryReadUrlData(new byte[100], out _), name);
    }

    [Fact]
    public void Short_or_random_requests_are_refused_without_throwing()
    {
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        int length = UdpTrackerCodec.WriteAnnounceRequest(datagram, 1, 2, TrackerSamples.Request(), default);
        for (int cut = 0; cut < length; cut++)
            Assert.False(UdpTrackerRequest.TryRead(datagram.AsSpan(0, cut), out _));
        var random = new Random(3);
        for (int i = 0; i < 5000; i++)
        {
            byte[] noise = new byte[random.Next(0, 200)];
            random.NextBytes(noise);
            if (noise.Length > 12)
                BinaryPrimitives.WriteInt32BigEndian(noise.AsSpan(8), random.Next(-1, 5));
            if (UdpTrackerRequest.TryRead(noise, out UdpTrackerRequest request) && request.Action == UdpTrackerAction.Announce)
            {
                request.ToAnnounce();
                request.TryReadUrlData(new byte[16], out _);
            }
        }
    }

    [Fact]
    public void Connection_ids_prove_an_address_for_two_to_four_minutes()
    {
        var ids = new UdpConnectionIds(Enumerable.Range(0, 16).Select(i => (byte)i).ToArray());
        var client = IPAddress.Parse("192.0.2.1");
        ulong id = ids.Create(client, TrackerSamples.At(1000));
        Assert.True(ids.IsValid(id, client, TrackerSamples.At(1000)));
        Assert.True(ids.IsValid(id, client, TrackerSamples.At(1120)));
        Assert.False(ids.IsValid(id, client, TrackerSamples.At(1241)));
        Assert.False(ids.IsValid(id, IPAddress.Parse("192.0.2.2"), TrackerSamples.At(1000)));
        Assert.False(ids.IsValid(id + 1, client, TrackerSamples.At(1000)));
        Assert.False(ids.IsValid(UdpTrackerCodec.ProtocolId, client, TrackerSamples.At(1000)));
    }

    [Fact]
    public void Nothing_larger_than_the_question_goes_to_an_unproved_address()
    {
        var table = new SwarmTable(new SwarmTableOptions(), new Random(1));
        var responder = new UdpTrackerResponder(table, new UdpConnectionIds(new byte[16]));
        var victim = IPAddress.Parse("192.0.2.9");
        byte[] reply = new byte[UdpTrackerResponder.MaxReplyBytes];
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        var random = new Random(9);
        Assert.Equal(16, responder.Answer(datagram.AsSpan(0, UdpTrackerCodec.WriteConnectRequest(datagram, 1)), victim, TrackerSamples.At(0), reply));
        for (int i = 0; i < 2000; i++)
        {
            int length = random.Next(2) == 0
                ? UdpTrackerCodec.WriteAnnounceRequest(datagram, (ulong)random.NextInt64(), 1, TrackerSamples.RandomRequest(random), default)
                : UdpTrackerCodec.WriteScrapeRequest(datagram, (ulong)random.NextInt64(), 1, [TrackerSamples.Hash(i)]);
            Assert.Equal(0, responder.Answer(datagram.AsSpan(0, length), victim, TrackerSamples.At(0), reply));
        }
        Assert.Equal(0, table.PeerCount);
        Assert.Equal(2000, responder.Ignored);
    }

    [Theory]
    [InlineData("10.0.0.1", 200)]
    [InlineData("2001:db8::1", 67)]
    public void Answers_fit_into_one_packet(string address, int expected)
    {
        var options = new SwarmTableOptions { MaxPeersPerAddressInSwarm = 1000 };
        var table = new SwarmTable(options, new Random(1));
        var sample = new PeerSample();
        for (int port = 1; port <= 300; port++)
            table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse(address), port, false, AnnounceEvent.Started, 0), TrackerSamples.At(0), sample, out _);
        var responder = new UdpTrackerResponder(table, new UdpConnectionIds(new byte[16]));
        byte[] reply = new byte[UdpTrackerResponder.MaxReplyBytes];
        byte[] datagram = new byte[UdpTrackerCodec.MaxRequestBytes];
        ulong id = new UdpConnectionIds(new byte[16]).Create(IPAddress.Parse(address), TrackerSamples.At(0));
        int length = UdpTrackerCodec.WriteAnnounceRequest(datagram, id, 5, TrackerSamples.Request(port: 9999) with { NumWant = 10000 }, default);
        int answered = responder.Answer(datagram.AsSpan(0, length), IPAddress.Parse(address), TrackerSamples.At(0), reply);

        Assert.True(UdpTrackerCodec.TryReadResponse(reply.AsSpan(0, answered), out _, out uint transactionId, out ReadOnlySpan<byte> body));
        Assert.True(UdpTrackerCodec.TryReadAnnounceBody(body, address.Contains(':', StringComparison.Ordinal), out AnnounceResponse response));
        Assert.Equal((5U, expected, 301), (transactionId, response.Peers.Length, response.Leechers!.Value));
    }
}
