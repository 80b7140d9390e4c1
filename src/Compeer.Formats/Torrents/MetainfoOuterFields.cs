using System.Collections.Immutable;
using Compeer.Formats.Bencoding;

namespace Compeer.Formats.Torrents;

/// <summary>Reads what stands around the info dictionary. Nothing here can make a torrent unusable; oddities become problems.</summary>
internal static class MetainfoOuterFields
{
    public static void Read(BencodeElement root, MetainfoLimits limits, List<string> problems, ref MetainfoFields fields) =>
        fields = fields with
        {
            TrackerTiers = ReadTiers(root, limits, problems),
            WebSeeds = ReadWebSeeds(root, limits, problems),
            Comment = root.TryGetText("comment"u8, out string comment) ? comment : null,
            CreatedBy = root.TryGetText("created by"u8, out string program) ? program : null,
            CreationDate = root.TryGetInteger("creation date"u8, out long seconds) && seconds is >= 0 and < 253_402_300_800
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : null,
        };

    private static ImmutableArray<ImmutableArray<string>> ReadTiers(BencodeElement root, MetainfoLimits limits, List<string> problems)
    {
        var tiers = new List<ImmutableArray<string>>();
        var seen = new HashSet<string>();
        if (root.TryGet("announce-list"u8, out BencodeElement list))
        {
            foreach (BencodeElement tier in list.EnumerateList())
            {
                // Some programs write a flat list of strings; each is then a tier of its own.
                IEnumerable<BencodeElement> urls = tier.Kind == BencodeKind.String ? [tier] : tier.EnumerateList();
                ImmutableArray<string> kept = [.. urls.Select(TrackerUrl).OfType<string>().Where(u => seen.Count < limits.MaxUrls && seen.Add(u))];
                if (!kept.IsEmpty)
                    tiers.Add(kept);
            }
            if (seen.Count >= limits.MaxUrls)
                problems.Add($"It names more than {limits.MaxUrls} trackers; the rest is left out.");
        }
        if (tiers.Count == 0 && root.TryGet("announce"u8, out BencodeElement single))
        {
            if (TrackerUrl(single) is { } url)
                tiers.Add([url]);
            else if (single.Bytes.Length > 0)
                problems.Add("Its tracker address is not an http, https or udp URL and is left out.");
        }
        return [.. tiers];
    }

    private static ImmutableArray<string> ReadWebSeeds(BencodeElement root, MetainfoLimits limits, List<string> problems)
    {
        if (!root.TryGet("url-list"u8, out BencodeElement value))
            return [];
        IEnumerable<BencodeElement> urls = value.Kind == BencodeKind.String ? [value] : value.EnumerateList();
        ImmutableArray<string> kept = [.. urls.Select(u => Url(u, "http", "https")).OfType<string>().Distinct().Take(limits.MaxUrls)];
        if (kept.IsEmpty && value.Count + value.Bytes.Length > 0)
            problems.Add("Its web seeds are not http or https URLs and are left out.");
        return kept;
    }

    private static string? TrackerUrl(BencodeElement element) => Url(element, "http", "https", "udp");

    private static string? Url(BencodeElement element, params ReadOnlySpan<string> schemes) =>
        element.TryGetText(out string text)
        && text.Trim() is { Length: > 0 and <= 2048 } trimmed
        && Uri.TryCreate(trimmed, UriKind.Absolute, out Uri? uri)
        && schemes.Contains(uri.Scheme)
            ? trimmed
            : null;
}
