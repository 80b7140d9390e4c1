using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>The one place where HTTP and UDP meet the swarm table: one request at a time, each of a few microseconds. Thread-safe.</summary>
internal sealed class TrackerDesk
{
    private readonly Lock _gate = new();
    private readonly SwarmTable _swarms;
    private readonly UdpTrackerResponder _udp;
    private readonly PeerSample _sample = new();
    private long _httpAnnounces;
    private long _httpScrapes;
    private long _httpRejected;

    public TrackerDesk(SwarmTableOptions options)
    {
        _swarms = new SwarmTable(options, SecureRandom.Instance);
        _udp = new UdpTrackerResponder(_swarms, new UdpConnectionIds(RandomNumberGenerator.GetBytes(SipHash.KeyBytes)));
    }

    public TrackerServerStatus Status
    {
        get
        {
            lock (_gate)
            {
                _swarms.Expire(MonotonicClock.Now);
                return new TrackerServerStatus(
                    _httpAnnounces, _udp.Announces, _httpScrapes + _udp.Scrapes, _httpRejected + _udp.Ignored, _swarms.SwarmCount, _swarms.PeerCount);
            }
        }
    }

    /// <summary>Writes the bencoded answer to a GET of <paramref name="target"/>; false when there is nothing at that path.</summary>
    public bool TryAnswerHttp(string target, IPAddress client, IBufferWriter<byte> output)
    {
        if (client.IsIPv4MappedToIPv6)
            client = client.MapToIPv4();
        switch (HttpTrackerQuery.PathOf(target))
        {
            case "/announce":
                AnswerAnnounce(target, client, output);
                return true;
            case "/scrape":
                AnswerScrape(target, output);
                return true;
            default:
                Interlocked.Increment(ref _httpRejected);
                return false;
        }
    }

    /// <summary>Answers a datagram; 0 stays silent.</summary>
    public int AnswerUdp(ReadOnlySpan<byte> datagram, IPAddress client, Span<byte> reply)
    {
        lock (_gate)
            return _udp.Answer(datagram, client, MonotonicClock.Now, reply);
    }

    private void AnswerAnnounce(string target, IPAddress client, IBufferWriter<byte> output)
    {
        if (!HttpTrackerQuery.TryReadAnnounce(target, client, out SwarmAnnounce announce, out bool compact, out string problem))
        {
            Reject(output, problem);
            return;
        }
        lock (_gate)
        {
            _httpAnnounces++;
            SwarmAnnounceStatus status = _swarms.Announce(announce, MonotonicClock.Now, _sample, out SwarmCounts counts);
            if (status == SwarmAnnounceStatus.Accepted)
                HttpTrackerReply.WriteAnnounce(output, _swarms.Options, counts, _sample, client, compact);
            else
                HttpTrackerReply.WriteRefusal(output, status);
        }
    }

    private void AnswerScrape(string target, IBufferWriter<byte> output)
    {
        Span<Sha1Hash> swarms = stackalloc Sha1Hash[HttpScrapeCodec.MaxSwarms];
        if (!HttpTrackerQuery.TryReadScrape(target, swarms, out int count, out string problem))
        {
            Reject(output, problem);
            return;
        }
        lock (_gate)
        {
            _httpScrapes++;
            HttpTrackerReply.WriteScrape(output, _swarms, swarms[..count], MonotonicClock.Now);
        }
    }

    private void Reject(IBufferWriter<byte> output, string problem)
    {
        Interlocked.Increment(ref _httpRejected);
        HttpTrackerReply.WriteFailure(output, problem);
    }
}
