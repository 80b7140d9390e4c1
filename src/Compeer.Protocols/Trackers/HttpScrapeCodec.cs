using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>The client's side of an HTTP scrape. Spec: BEP 48.</summary>
public static class HttpScrapeCodec
{
    /// <summary>Swarms in one scrape, so that the address stays below 8 KiB; the UDP protocol has the same bound.</summary>
    public const int MaxSwarms = 74;

    /// <summary>
    /// The address to get: "announce" after the path's last slash becomes "scrape".
    /// False when the announce address has no such place, which says that the tracker offers no scrape.
    /// </summary>
    /// <exception cref="ArgumentException">No swarm, or more than <see cref="MaxSwarms"/>.</exception>
    public static bool TryBuildUri(Uri announce, ReadOnlySpan<Sha1Hash> swarms, [NotNullWhen(true)] out Uri? scrape)
    {
        if (swarms.IsEmpty || swarms.Length > MaxSwarms)
            throw new ArgumentException($"A scrape asks for 1 to {MaxSwarms} swarms.", nameof(swarms));
        scrape = null;
        string path = announce.AbsolutePath;
        int name = path.LastIndexOf('/') + 1;
        if (!path.AsSpan(name).StartsWith("announce", StringComparison.Ordinal))
            return false;
        var address = new UriBuilder(announce) { Path = $"{path[..name]}scrape{path[(name + "announce".Length)..]}" };
        StringBuilder query = HttpAnnounceCodec.StartQuery(address.Uri);
        foreach (Sha1Hash swarm in swarms)
            PercentEncoding.Append(query.Append("info_hash="), swarm.AsSpan()).Append('&');
        query.Length--;
        scrape = new Uri(query.ToString());
        return true;
    }

    /// <summary>Reads an answer; swarms that were not asked for are left out.</summary>
    public static ScrapeResult ReadResponse(ReadOnlyMemory<byte> body, ReadOnlySpan<Sha1Hash> asked)
    {
        if (!HttpAnnounceCodec.TryReadDictionary(body, out BencodeElement root, out TrackerFailure? failure))
            return new ScrapeResult(failure);
        if (!root.TryGet("files"u8, out BencodeElement files) || files.Kind != BencodeKind.Dictionary)
            return new ScrapeResult(HttpAnnounceCodec.MalformedFailure("it lists no swarms"));
        var counts = ImmutableDictionary.CreateBuilder<Sha1Hash, SwarmCounts>();
        foreach (Sha1Hash swarm in asked)
        {
            if (files.TryGet(swarm.AsSpan(), out BencodeElement entry))
            {
                counts[swarm] = new SwarmCounts(
                    HttpAnnounceCodec.Count(entry, "complete"u8) ?? 0,
                    HttpAnnounceCodec.Count(entry, "incomplete"u8) ?? 0,
                    HttpAnnounceCodec.Count(entry, "downloaded"u8) ?? 0);
            }
        }
        return new ScrapeResult(counts.ToImmutable());
    }
}
