using System.Buffers;
using System.Buffers.Binary;
using Compeer.Protocols;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>The UDP client's machine against time, loss and forgery. Spec: BEP 15.</summary>
public class UdpTrackerSessionTests
{
    private readonly UdpTrackerSession _session = new(new UdpTrackerSessionOptions(), isV6: false, new Random(5));

    [Fact]
    public void Connect_times_out_as_the_specification_shows()
    {
        Begin(0);
        Assert.Equal([0.0, 15, 45, 105, 225, 465, 945, 1905, 3825], SendTimes());
        Assert.True(_session.TryTakeAnnounce(out AnnounceResult? result));
        Assert.Equal(TrackerFailureKind.Timeout, result.Failure!.Kind);
        Assert.Null(_session.NextDeadline);
        Assert.False(_session.IsBusy);
    }

    [Fact]
    public void Announce_times_out_and_connects_again_when_the_id_has_expired()
    {
        Begin(0);
        Answer(Transmit(0), UdpTrackerAction.Connect, new byte[8], 1);
        var actions = new List<(double, UdpTrackerAction)>();
        for (double now = 2; actions.Count < 5; now = _session.NextDeadline!.Value.Ticks / 1e7)
        {
            _session.OnDeadline(TrackerSamples.At(now));
            byte[] sent = Transmit(now);
            actions.Add((now, (UdpTrackerAction)BinaryPrimitives.ReadInt32BigEndian(sent.AsSpan(8))));
        }
        Assert.Equal(
            [(2, UdpTrackerAction.Announce), (17, UdpTrackerAction.Announce), (47, UdpTrackerAction.Announce), (107, UdpTrackerAction.Connect), (227, UdpTrackerAction.Connect)],
            actions);
    }

    [Fact]
    public void One_connection_serves_several_requests_for_a_minute()
    {
        Begin(0);
        Answer(Transmit(0), UdpTrackerAction.Connect, new byte[8], 1);
        Answer(Transmit(2), UdpTrackerAction.Announce, new byte[12], 3);
        Assert.True(_session.TryTakeAnnounce(out _));

        _session.Scrape([TrackerSamples.Hash(1)], TrackerSamples.At(60));
        byte[] counts = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        Answer(Transmit(60), UdpTrackerAction.Scrape, counts, 60);
        Assert.True(_session.TryTakeScrape(out ScrapeResult? scrape));
        Assert.Equal(new SwarmCounts(1, 3, 2), scrape.Swarms![TrackerSamples.Hash(1)]);

        Begin(62);
        Assert.Equal(UdpTrackerCodec.ConnectLengthBytes, Transmit(62).Length);
    }

    [Theory]
    [InlineData("wrong transaction id", 1, 0, 20)]
    [InlineData("wrong action", 0, 1, 20)]
    [InlineData("unknown action", 0, 9, 20)]
    [InlineData("empty", 0, 0, 0)]
    [InlineData("7 bytes", 0, 0, 7)]
    [InlineData("header only", 0, 0, 8)]
    [InlineData("cut before the seeders", 0, 0, 19)]
    public void Datagrams_that_are_no_answer_change_nothing(string name, uint transactionOffset, int actionOffset, int length)
    {
        Begin(0);
        Answer(Transmit(0), UdpTrackerAction.Connect, new byte[8], 1);
        byte[] sent = Transmit(1);
        byte[] forged = new byte[24];
        BinaryPrimitives.WriteInt32BigEndian(forged, 1 + actionOffset);
        BinaryPrimitives.WriteUInt32BigEndian(forged.AsSpan(4), TransactionId(sent) + transactionOffset);
        Assert.False(_session.Receive(forged.AsSpan(0, length), TrackerSamples.At(2)), name);
        Assert.False(_session.TryTakeAnnounce(out _));
        Assert.Equal(TrackerSamples.At(16), _session.NextDeadline);

        Answer(sent, UdpTrackerAction.Announce, new byte[12], 3);
        Assert.True(_session.TryTakeAnnounce(out AnnounceResult? result));
        Assert.True(result.IsSuccess);
    }

    [Fact]
    public void An_error_ends_the_request_with_the_trackers_words()
    {
        Begin(0);
        Answer(Transmit(0), UdpTrackerAction.Error, "no\u001b such torrent"u8.ToArray(), 1);
        Assert.True(_session.TryTakeAnnounce(out AnnounceResult? result));
        Assert.Equal((TrackerFailureKind.Refused, "The tracker refused: no  such torrent"), (result.Failure!.Kind, result.Failure.Message));
    }

    [Fact]
    public void Random_datagrams_never_throw()
    {
        var random = new Random(11);
        Begin(0);
        byte[] sent = Transmit(0);
        for (int i = 0; i < 5000; i++)
        {
            byte[] noise = new byte[random.Next(0, 100)];
            random.NextBytes(noise);
            if (noise.Length >= 8 && random.Next(2) == 0)
            {
                BinaryPrimitives.WriteInt32BigEndian(noise, random.Next(4));
                BinaryPrimitives.WriteUInt32BigEndian(noise.AsSpan(4), TransactionId(sent));
            }
            if (_session.Receive(noise, TrackerSamples.At(1)) && !_session.IsBusy)
            {
                Assert.True(_session.TryTakeAnnounce(out _));
                Begin(1);
            }
            if (Transmit(1) is { Length: > 0 } next)
                sent = next;
        }
    }

    private void Begin(double now) => _session.Announce(TrackerSamples.Request(), "/announce"u8, TrackerSamples.At(now));

    private byte[] Transmit(double now)
    {
        var output = new ArrayBufferWriter<byte>();
        _session.TryTransmit(output, TrackerSamples.At(now));
        return output.WrittenSpan.ToArray();
    }

    private List<double> SendTimes()
    {
        var times = new List<double>();
        while (_session.NextDeadline is { } due)
        {
            _session.OnDeadline(due);
            if (Transmit(due.Ticks / 1e7).Length > 0)
                times.Add(due.Ticks / 1e7);
        }
        return times;
    }

    private void Answer(byte[] request, UdpTrackerAction action, byte[] body, double now)
    {
        byte[] datagram = new byte[8 + body.Length];
        UdpTrackerCodec.WriteResponseHeader(datagram, action, TransactionId(request));
        body.CopyTo(datagram, 8);
        Assert.True(_session.Receive(datagram, TrackerSamples.At(now)));
    }

    private static uint TransactionId(byte[] request) => BinaryPrimitives.ReadUInt32BigEndian(request.AsSpan(12));
}
