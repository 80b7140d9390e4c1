using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Compeer.Formats.Bencoding;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// The client's side of an HTTP announce: the address to get, and the answer read.
/// Spec: BEP 3 (trackers), BEP 7, BEP 23, BEP 24, BEP 31.
/// </summary>
public static class HttpAnnounceCodec
{
    /// <summary>Peers taken from one answer; the rest is ignored.</summary>
    public const int MaxPeers = 2000;

    private const int MaxTrackerIdBytes = 256;

    /// <summary>The address to get: <paramref name="announce"/> with the request's parameters after its own.</summary>
    /// <exception cref="ArgumentException">The port is not 1 to 65535, or the address is not absolute.</exception>
    public static Uri BuildUri(Uri announce, AnnounceRequest request)
    {
        if (!announce.IsAbsoluteUri)
            throw new ArgumentException("A tracker's address is absolute.", nameof(announce));
        if (request.Port is < 1 or > ushort.MaxValue)
            throw new ArgumentException("A peer's port is 1 to 65535.", nameof(request));
        StringBuilder query = StartQuery(announce).Append("info_hash=");
        PercentEncoding.Append(query, request.InfoHash.AsSpan());
        PercentEncoding.Append(query.Append("&peer_id="), request.PeerId.AsSpan());
        query.Append(CultureInfo.InvariantCulture,
            $"&port={request.Port}&uploaded={request.Uploaded}&downloaded={request.Downloaded}&left={request.Left}&key={request.Key:x8}");
        if (request.Event != AnnounceEvent.None)
            query.Append("&event=").Append(EventName(request.Event));
        if (request.NumWant >= 0)
            query.Append(CultureInfo.InvariantCulture, $"&numwant={request.NumWant}");
        query.Append("&compact=1&no_peer_id=1");
        if (request.TrackerId is { } id)
            PercentEncoding.Append(query.Append("&trackerid="), Encoding.UTF8.GetBytes(id));
        return new Uri(query.ToString());
    }

    /// <summary>The address without fragment, ending so that a parameter can follow.</summary>
    internal static StringBuilder StartQuery(Uri address)
    {
        var builder = new StringBuilder(address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped));
        char last = builder[^1];
        return address.Query.Length == 0 ? builder.Append(last == '?' ? "" : "?") : builder.Append(last is '?' or '&' ? "" : "&");
    }

    /// <summary>Reads an answer; whatever it holds, the result is an answer or a failure with a sentence.</summary>
    public static AnnounceResult ReadResponse(ReadOnlyMemory<byte> body)
    {
        if (!TryReadDictionary(body, out BencodeElement root, out TrackerFailure? failure))
            return new AnnounceResult(failure);
        var peers = new List<IPEndPoint>();
        if (root.TryGet("peers"u8, out BencodeElement list) && !TryReadPeers(list, peers))
            return Malformed("its list of peers is damaged");
        if (root.TryGetBytes("peers6"u8, out ReadOnlyMemory<byte> peers6)
            && !CompactPeers.TryRead(peers6.Span, isV6: true, MaxPeers, peers))
            return Malformed($"its IPv6 peers have {peers6.Length} bytes, not a multiple of {CompactPeers.V6LengthBytes}");
        return new AnnounceResult(new AnnounceResponse
        {
            Interval = Seconds(root, "interval"u8),
            MinInterval = Seconds(root, "min interval"u8),
            Seeders = Count(root, "complete"u8),
            Leechers = Count(root, "incomplete"u8),
            Downloaded = Count(root, "downloaded"u8),
            Peers = [.. peers.Distinct()],
            ExternalAddress = ReadAddress(root),
            Warning = Text(root, "warning message"u8),
            TrackerId = ReadTrackerId(root),
        });
    }

    /// <summary>Reads a tracker's answer up to the point where announce and scrape differ: a dictionary without a failure reason.</summary>
    internal static bool TryReadDictionary(
        ReadOnlyMemory<byte> body,
        out BencodeElement root,
        [NotNullWhen(false)] out TrackerFailure? failure)
    {
        root = default;
        failure = null;
        if (!BencodeDocument.TryParse(body, BencodeLimits.Tracker, out BencodeDocument? document, out BencodeError error))
            failure = MalformedFailure(LooksLikeText(body.Span) ? "it sent something else than a tracker's answer" : error.ToString());
        else if (document.Root.Kind != BencodeKind.Dictionary)
            failure = MalformedFailure("its answer is not a dictionary");
        else if (document.Root.TryGet("failure reason"u8, out BencodeElement reason))
            failure = Refusal(document.Root, reason);
        else
            root = document.Root;
        return failure is null;
    }

    internal static TrackerFailure MalformedFailure(string what) =>
        new(TrackerFailureKind.Malformed, $"The tracker's answer cannot be used: {what}.");

    private static AnnounceResult Malformed(string what) => new(MalformedFailure(what));

    private static bool LooksLikeText(ReadOnlySpan<byte> body) => body.TrimStart(" \t\r\n"u8) is [(byte)'<', ..];

    private static TrackerFailure Refusal(BencodeElement root, BencodeElement reason)
    {
        string text = reason.TryGetBytes(out ReadOnlyMemory<byte> bytes) ? RemoteText.Clean(bytes.Span) : "";
        TimeSpan? retry = null;
        bool never = false;
        if (root.TryGet("retry in"u8, out BencodeElement wish))
        {
            // BEP 31 shows the minutes as a string and calls them an integer: both are seen.
            if (!wish.TryGetInteger(out long minutes) && wish.TryGetBytes(out ReadOnlyMemory<byte> digits))
            {
                never = digits.Span.SequenceEqual("never"u8);
                _ = long.TryParse(digits.Span, NumberStyles.None, CultureInfo.InvariantCulture, out minutes);
            }
            if (minutes is > 0 and <= int.MaxValue)
                retry = TimeSpan.FromMinutes(minutes);
        }
        return new TrackerFailure(TrackerFailureKind.Refused, $"The tracker refused: {(text.Length == 0 ? "no reason given" : text)}")
        {
            RetryIn = retry,
            IsPermanent = never,
        };
    }

    private static bool TryReadPeers(BencodeElement list, List<IPEndPoint> peers)
    {
        if (list.TryGetBytes(out ReadOnlyMemory<byte> compact))
            return CompactPeers.TryRead(compact.Span, isV6: false, MaxPeers, peers);
        if (list.Kind != BencodeKind.List)
            return false;
        foreach (BencodeElement entry in list.EnumerateList())
        {
            if (peers.Count >= MaxPeers)
                break;
            // Host names are left out: a tracker must not choose what we ask the DNS for.
            if (entry.TryGetText("ip"u8, out string? text)
                && entry.TryGetInteger("port"u8, out long port)
                && port is > 0 and <= ushort.MaxValue
                && IPAddress.TryParse(text, out IPAddress? address))
            {
                var peer = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, (int)port);
                if (AddressReaches.CanBePeer(peer))
                    peers.Add(peer);
            }
        }
        return true;
    }

    private static TimeSpan? Seconds(BencodeElement root, ReadOnlySpan<byte> key) =>
        root.TryGetInteger(key, out long seconds) && seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null;

    internal static int? Count(BencodeElement root, ReadOnlySpan<byte> key) =>
        root.TryGetInteger(key, out long count) && count >= 0 ? (int)Math.Min(count, int.MaxValue) : null;

    private static string? Text(BencodeElement root, ReadOnlySpan<byte> key) =>
        root.TryGetBytes(key, out ReadOnlyMemory<byte> bytes) && RemoteText.Clean(bytes.Span) is { Length: > 0 } text ? text : null;

    private static IPAddress? ReadAddress(BencodeElement root) =>
        root.TryGetBytes("external ip"u8, out ReadOnlyMemory<byte> bytes)
        && bytes.Length is 4 or 16
        && new IPAddress(bytes.Span) is var address
        && AddressReaches.Of(address) != AddressReach.Nowhere ? address : null;

    private static string? ReadTrackerId(BencodeElement root) =>
        root.TryGetText("tracker id"u8, out string? id) && id.Length is > 0 and <= MaxTrackerIdBytes ? id : null;

    /// <summary>The event as it stands in a query.</summary>
    internal static string EventName(AnnounceEvent value) => value switch
    {
        AnnounceEvent.Started => "started",
        AnnounceEvent.Completed => "completed",
        AnnounceEvent.Stopped => "stopped",
        _ => "",
    };
}
