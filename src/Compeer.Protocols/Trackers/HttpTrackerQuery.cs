using System.Globalization;
using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// Reads the target of a tracker's GET request as it came, before anything has decoded it: info hashes are bytes, not text.
/// Spec: BEP 3, BEP 23, BEP 48. Unknown parameters, and what a client says about its address, are passed over.
/// </summary>
public static class HttpTrackerQuery
{
    /// <summary>The path of a request target, without the query.</summary>
    public static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        int mark = target.IndexOf('?');
        return mark < 0 ? target : target[..mark];
    }

    /// <summary>Reads an announce; on false <paramref name="problem"/> says to the client what is wrong.</summary>
    public static bool TryReadAnnounce(
        ReadOnlySpan<char> target, IPAddress client, out SwarmAnnounce announce, out bool compact, out string problem)
    {
        var reader = new Parameters(target);
        Sha1Hash? infoHash = null;
        bool hasPeerId = false;
        long port = -1;
        long left = 1;
        long numWant = -1;
        compact = true;
        AnnounceEvent happened = AnnounceEvent.None;
        announce = default;
        problem = "";
        while (problem.Length == 0 && reader.TryNext(out ReadOnlySpan<char> name, out ReadOnlySpan<char> value))
        {
            switch (name)
            {
                case "info_hash" when TryReadHash(value, out Sha1Hash hash):
                    infoHash = hash;
                    break;
                case "info_hash":
                    problem = "info_hash must be 20 bytes, percent-encoded.";
                    break;
                case "peer_id":
                    hasPeerId = TryReadHash(value, out _);
                    break;
                case "port" when !TryReadNumber(value, out port) || port > ushort.MaxValue:
                    problem = "port must be 0 to 65535.";
                    break;
                case "left" when !TryReadNumber(value, out left):
                    problem = "left must be a number.";
                    break;
                case "numwant" when TryReadNumber(value, out long wish):
                    numWant = Math.Min(wish, int.MaxValue);
                    break;
                case "compact":
                    compact = value is not "0";
                    break;
                case "event":
                    happened = ReadEvent(value);
                    break;
            }
        }
        if (problem.Length == 0)
            problem = Missing(infoHash, hasPeerId, port);
        if (problem.Length > 0 || infoHash is not { } swarm)
            return false;
        announce = new SwarmAnnounce(swarm, client, (int)port, left == 0, happened, (int)numWant);
        return true;
    }

    /// <summary>Reads a scrape's info hashes into <paramref name="swarms"/>; false when there is none, too many, or a damaged one.</summary>
    public static bool TryReadScrape(ReadOnlySpan<char> target, Span<Sha1Hash> swarms, out int count, out string problem)
    {
        var reader = new Parameters(target);
        count = 0;
        problem = "";
        while (reader.TryNext(out ReadOnlySpan<char> name, out ReadOnlySpan<char> value))
        {
            if (name is not "info_hash")
                continue;
            if (count == swarms.Length || !TryReadHash(value, out swarms[count]))
            {
                problem = count == swarms.Length ? $"At most {count} info hashes at once." : "info_hash must be 20 bytes, percent-encoded.";
                return false;
            }
            count++;
        }
        if (count == 0)
            problem = "Name at least one info_hash.";
        return count > 0;
    }

    private static string Missing(Sha1Hash? infoHash, bool hasPeerId, long port)
    {
        if (infoHash is null)
            return "info_hash is missing.";
        if (!hasPeerId)
            return "peer_id must be 20 bytes, percent-encoded.";
        return port < 0 ? "port is missing." : "";
    }

    private static AnnounceEvent ReadEvent(ReadOnlySpan<char> value) => value switch
    {
        "started" => AnnounceEvent.Started,
        "completed" => AnnounceEvent.Completed,
        "stopped" => AnnounceEvent.Stopped,
        _ => AnnounceEvent.None,
    };

    private static bool TryReadHash(ReadOnlySpan<char> value, out Sha1Hash hash)
    {
        hash = default;
        Span<byte> bytes = hash;
        return PercentEncoding.TryDecode(value, bytes, out int written) && written == Sha1Hash.LengthBytes;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> value, out long number) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>Walks the name=value pairs of a query without copying.</summary>
    private ref struct Parameters(ReadOnlySpan<char> target)
    {
        private ReadOnlySpan<char> _rest = target[Math.Min(target.Length, PathOf(target).Length + 1)..];

        public bool TryNext(out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
        {
            name = value = default;
            if (_rest.IsEmpty)
                return false;
            int end = _rest.IndexOf('&');
            ReadOnlySpan<char> pair = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            int mark = pair.IndexOf('=');
            name = mark < 0 ? pair : pair[..mark];
            value = mark < 0 ? default : pair[(mark + 1)..];
            return true;
        }
    }
}
