using System.Net;
using System.Text;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// The tracker's side of the UDP protocol: one datagram in, at most one out.
/// Before a client has proved its address with a connection id it gets 16 bytes for its 16, and nothing for anything else;
/// so forged senders cannot make the tracker send more than they do. Spec: BEP 15, BEP 41.
/// </summary>
/// <param name="swarms">The tables, shared with the HTTP side under the owner's rule of one call at a time.</param>
/// <param name="connectionIds">Makes and checks connection ids.</param>
public sealed class UdpTrackerResponder(SwarmTable swarms, UdpConnectionIds connectionIds)
{
    /// <summary>The longest answer: below the least MTU of IPv6, so it is never fragmented.</summary>
    public const int MaxReplyBytes = 1232;

    private readonly PeerSample _sample = new();

    /// <summary>Announces answered.</summary>
    public long Announces { get; private set; }

    /// <summary>Scrapes answered.</summary>
    public long Scrapes { get; private set; }

    /// <summary>Datagrams that were no valid request.</summary>
    public long Ignored { get; private set; }

    /// <summary>Writes the answer into <paramref name="reply"/> (<see cref="MaxReplyBytes"/>) and returns its length; 0 stays silent.</summary>
    public int Answer(ReadOnlySpan<byte> datagram, IPAddress client, Instant now, Span<byte> reply)
    {
        if (client.IsIPv4MappedToIPv6)
            client = client.MapToIPv4();
        if (!UdpTrackerRequest.TryRead(datagram, out UdpTrackerRequest request))
        {
            Ignored++;
            return 0;
        }
        if (request.Action == UdpTrackerAction.Connect)
            return UdpTrackerCodec.WriteConnectResponse(reply, request.TransactionId, connectionIds.Create(client, now));
        if (!connectionIds.IsValid(request.ConnectionId, client, now))
        {
            Ignored++;
            return 0;
        }
        return request.Action == UdpTrackerAction.Announce
            ? Announce(request, client, now, reply)
            : Scrape(request, now, reply);
    }

    private int Announce(UdpTrackerRequest request, IPAddress client, Instant now, Span<byte> reply)
    {
        Announces++;
        AnnounceRequest fields = request.ToAnnounce();
        bool isV6 = client.GetAddressBytes().Length == 16;
        int room = (MaxReplyBytes - 20) / CompactPeers.LengthOf(isV6);
        int want = fields.NumWant < 0 ? swarms.Options.DefaultNumWant : fields.NumWant;
        var announce = new SwarmAnnounce(fields.InfoHash, client, fields.Port, fields.Left == 0, fields.Event, Math.Min(want, room));
        SwarmAnnounceStatus status = swarms.Announce(announce, now, _sample, out SwarmCounts counts);
        if (status != SwarmAnnounceStatus.Accepted)
        {
            int header = UdpTrackerCodec.WriteResponseHeader(reply, UdpTrackerAction.Error, request.TransactionId);
            return header + Encoding.ASCII.GetBytes(TrackerRefusals.Text(status), reply[header..]);
        }
        int length = UdpTrackerCodec.WriteAnnounceResponseHeader(reply, request.TransactionId, swarms.Options.Interval, counts);
        _sample.Compact.CopyTo(reply[length..]);
        return length + _sample.Compact.Length;
    }

    private int Scrape(UdpTrackerRequest request, Instant now, Span<byte> reply)
    {
        Scrapes++;
        int length = UdpTrackerCodec.WriteResponseHeader(reply, UdpTrackerAction.Scrape, request.TransactionId);
        for (int i = 0; i < request.ScrapeCount; i++)
        {
            swarms.TryScrape(request.ScrapeSwarm(i), now, out SwarmCounts counts);
            length += UdpTrackerCodec.WriteScrapeCounts(reply[length..], counts);
        }
        return length;
    }
}
