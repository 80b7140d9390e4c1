using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>What a datagram of the UDP tracker protocol is about.</summary>
public enum UdpTrackerAction
{
    Connect = 0,
    Announce = 1,
    Scrape = 2,
    Error = 3,
}

/// <summary>
/// The datagrams of the UDP tracker protocol, all big-endian. Datagrams longer than needed are valid.
/// <code>
/// connect request   protocol id 8 | action 4 | transaction id 4
/// connect response  action 4 | transaction id 4 | connection id 8
/// announce request  connection id 8 | action 4 | transaction id 4 | info hash 20 | peer id 20 | downloaded 8 | left 8 | uploaded 8
///                   | event 4 | ip 4 | key 4 | num_want 4 | port 2 | options (BEP 41)
/// announce response action 4 | transaction id 4 | interval 4 | leechers 4 | seeders 4 | peers, 6 or 18 each
/// scrape request    connection id 8 | action 4 | transaction id 4 | info hashes, 20 each
/// scrape response   action 4 | transaction id 4 | (seeders 4, completed 4, leechers 4) each
/// error response    action 4 | transaction id 4 | message
/// </code>
/// Spec: BEP 15, BEP 41.
/// </summary>
public static class UdpTrackerCodec
{
    /// <summary>Marks a connect request.</summary>
    public const ulong ProtocolId = 0x41727101980;

    public const int ConnectLengthBytes = 16;

    /// <summary>An announce request up to the options.</summary>
    public const int AnnounceLengthBytes = 98;

    /// <summary>Swarms in one scrape.</summary>
    public const int MaxScrapeSwarms = 74;

    /// <summary>Bytes of path and query sent with an announce; what is longer is cut.</summary>
    public const int MaxUrlDataBytes = 510;

    /// <summary>The longest request that this side writes.</summary>
    public const int MaxRequestBytes = 16 + (MaxScrapeSwarms * Sha1Hash.LengthBytes);

    /// <summary>Writes a connect request of 16 bytes.</summary>
    public static int WriteConnectRequest(Span<byte> destination, uint transactionId) =>
        WriteHeader(destination, ProtocolId, UdpTrackerAction.Connect, transactionId);

    /// <summary>Writes an announce request; <paramref name="urlData"/> is the path and query of the tracker's address, or empty.</summary>
    public static int WriteAnnounceRequest(
        Span<byte> destination, ulong connectionId, uint transactionId, AnnounceRequest request, ReadOnlySpan<byte> urlData)
    {
        WriteHeader(destination, connectionId, UdpTrackerAction.Announce, transactionId);
        request.InfoHash.AsSpan().CopyTo(destination[16..]);
        request.PeerId.AsSpan().CopyTo(destination[36..]);
        BinaryPrimitives.WriteInt64BigEndian(destination[56..], request.Downloaded);
        BinaryPrimitives.WriteInt64BigEndian(destination[64..], request.Left);
        BinaryPrimitives.WriteInt64BigEndian(destination[72..], request.Uploaded);
        BinaryPrimitives.WriteInt32BigEndian(destination[80..], (int)request.Event);
        BinaryPrimitives.WriteInt32BigEndian(destination[84..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(destination[88..], request.Key);
        BinaryPrimitives.WriteInt32BigEndian(destination[92..], request.NumWant);
        BinaryPrimitives.WriteUInt16BigEndian(destination[96..], (ushort)request.Port);
        int length = AnnounceLengthBytes;
        for (urlData = urlData[..Math.Min(urlData.Length, MaxUrlDataBytes)]; !urlData.IsEmpty;)
        {
            ReadOnlySpan<byte> part = urlData[..Math.Min(urlData.Length, byte.MaxValue)];
            destination[length] = UdpTrackerRequest.UrlDataOption;
            destination[length + 1] = (byte)part.Length;
            part.CopyTo(destination[(length + 2)..]);
            length += 2 + part.Length;
            urlData = urlData[part.Length..];
        }
        return length;
    }

    /// <summary>Writes a scrape request.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxScrapeSwarms"/> swarms.</exception>
    public static int WriteScrapeRequest(Span<byte> destination, ulong connectionId, uint transactionId, ReadOnlySpan<Sha1Hash> swarms)
    {
        if (swarms.Length > MaxScrapeSwarms)
            throw new ArgumentException($"A scrape asks for at most {MaxScrapeSwarms} swarms.", nameof(swarms));
        int length = WriteHeader(destination, connectionId, UdpTrackerAction.Scrape, transactionId);
        foreach (Sha1Hash swarm in swarms)
        {
            swarm.AsSpan().CopyTo(destination[length..]);
            length += Sha1Hash.LengthBytes;
        }
        return length;
    }

    /// <summary>Writes a connect response of 16 bytes.</summary>
    public static int WriteConnectResponse(Span<byte> destination, uint transactionId, ulong connectionId)
    {
        WriteResponseHeader(destination, UdpTrackerAction.Connect, transactionId);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], connectionId);
        return ConnectLengthBytes;
    }

    /// <summary>Writes the 20 bytes before the peers of an announce response.</summary>
    public static int WriteAnnounceResponseHeader(Span<byte> destination, uint transactionId, TimeSpan interval, SwarmCounts counts)
    {
        WriteResponseHeader(destination, UdpTrackerAction.Announce, transactionId);
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], (int)interval.TotalSeconds);
        BinaryPrimitives.WriteInt32BigEndian(destination[12..], counts.Leechers);
        BinaryPrimitives.WriteInt32BigEndian(destination[16..], counts.Seeders);
        return 20;
    }

    /// <summary>Writes the 8 bytes before the counts of a scrape response, or before the message of an error.</summary>
    public static int WriteResponseHeader(Span<byte> destination, UdpTrackerAction action, uint transactionId)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, (int)action);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], transactionId);
        return 8;
    }

    /// <summary>Writes one swarm of a scrape response, 12 bytes.</summary>
    public static int WriteScrapeCounts(Span<byte> destination, SwarmCounts counts)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, counts.Seeders);
        BinaryPrimitives.WriteInt32BigEndian(destination[4..], counts.Downloaded);
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], counts.Leechers);
        return 12;
    }

    /// <summary>Splits a response into its header and the rest; false when it is shorter than 8 bytes or of an unknown action.</summary>
    public static bool TryReadResponse(
        ReadOnlySpan<byte> datagram, out UdpTrackerAction action, out uint transactionId, out ReadOnlySpan<byte> body)
    {
        action = default;
        transactionId = 0;
        body = default;
        if (datagram.Length < 8)
            return false;
        action = (UdpTrackerAction)BinaryPrimitives.ReadInt32BigEndian(datagram);
        transactionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);
        body = datagram[8..];
        return action is >= UdpTrackerAction.Connect and <= UdpTrackerAction.Error;
    }

    /// <summary>Reads the body of an announce response; peers have the form of the tracker's address family. False when shorter than 12 bytes.</summary>
    public static bool TryReadAnnounceBody(ReadOnlySpan<byte> body, bool isV6, out AnnounceResponse response)
    {
        response = new AnnounceResponse();
        if (body.Length < 12)
            return false;
        int seconds = BinaryPrimitives.ReadInt32BigEndian(body);
        ReadOnlySpan<byte> records = body[12..];
        var peers = new List<IPEndPoint>();
        // A datagram may be longer than the protocol says, so a cut record at the end is no error.
        records = records[..(records.Length - (records.Length % CompactPeers.LengthOf(isV6)))];
        CompactPeers.TryRead(records, isV6, HttpAnnounceCodec.MaxPeers, peers);
        response = new AnnounceResponse
        {
            Interval = seconds > 0 ? TimeSpan.FromSeconds(seconds) : null,
            Leechers = Count(body[4..]),
            Seeders = Count(body[8..]),
            Peers = [.. peers.Distinct()],
        };
        return true;
    }

    /// <summary>Reads the body of a scrape response; false when it is shorter than the swarms that were asked for.</summary>
    public static bool TryReadScrapeBody(
        ReadOnlySpan<byte> body, ReadOnlySpan<Sha1Hash> asked, out ImmutableDictionary<Sha1Hash, SwarmCounts> swarms)
    {
        swarms = ImmutableDictionary<Sha1Hash, SwarmCounts>.Empty;
        if (body.Length < 12 * asked.Length)
            return false;
        var counts = swarms.ToBuilder();
        foreach (Sha1Hash swarm in asked)
        {
            counts[swarm] = new SwarmCounts(Count(body) ?? 0, Count(body[8..]) ?? 0, Count(body[4..]) ?? 0);
            body = body[12..];
        }
        swarms = counts.ToImmutable();
        return true;
    }

    private static int? Count(ReadOnlySpan<byte> field) => BinaryPrimitives.ReadInt32BigEndian(field) is >= 0 and int count ? count : null;

    private static int WriteHeader(Span<byte> destination, ulong id, UdpTrackerAction action, uint transactionId)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, id);
        BinaryPrimitives.WriteInt32BigEndian(destination[8..], (int)action);
        BinaryPrimitives.WriteUInt32BigEndian(destination[12..], transactionId);
        return 16;
    }
}
