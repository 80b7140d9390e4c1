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
            Nodes = ReadNodes(root, limits),
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
        int refused = 0;
        if (root.TryGet("announce-list"u8, out BencodeElement list))
        {
            if (list.Kind != BencodeKind.List || list.EnumerateList().Any(t => t.Kind != BencodeKind.List))
                problems.Add("Its list of trackers is not a list of tiers; each tracker in it counts as a tier of its own.");
            foreach (BencodeElement tier in list.Kind == BencodeKind.String ? [list] : list.EnumerateList())
            {
                IEnumerable<BencodeElement> urls = tier.Kind == BencodeKind.String ? [tier] : tier.EnumerateList();
                var kept = new List<string>();
                foreach (BencodeElement element in urls)
                {
                    if (TrackerUrl(element) is not { } url)
                        refused++;
                    else if (seen.Add(url) && seen.Count <= limits.MaxUrls)
                        kept.Add(url);
                }
                if (kept.Count > 0)
                    tiers.Add([.. kept]);
            }
            if (seen.Count > limits.MaxUrls)
                problems.Add($"It names more than {limits.MaxUrls} trackers; the rest is left out.");
            if (refused > 0)
                problems.Add($"{refused} of its tracker addresses are not http, https or udp URLs and are left out.");
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

    /// <summary>Pairs of host and port; what is no such pair is passed over.</summary>
    private static ImmutableArray<NodeAddress> ReadNodes(BencodeElement root, MetainfoLimits limits)
    {
        if (!root.TryGet("nodes"u8, out BencodeElement list))
            return [];
        var nodes = new List<NodeAddress>();
        foreach (BencodeElement element in list.EnumerateList().Take(limits.MaxUrls))
        {
            BencodeElement[] pair = [.. element.EnumerateList().Take(3)];
            if (pair.Length == 2 && pair[0].TryGetText(out string host) && host.Length is > 0 and <= 255 && !host.Any(c => char.IsControl(c) || c is ' ' or '/')
                && pair[1].TryGetInteger(out long port) && port is > 0 and <= 65535)
                nodes.Add(new NodeAddress(host, (int)port));
        }
        return [.. nodes];
    }

    private static string? TrackerUrl(BencodeElement element) => Url(element, "http", "https", "udp");

    private static string? Url(BencodeElement element, params ReadOnlySpan<string> schemes) =>
        element.TryGetText(out string text)
        && text.Trim() is { Length: > 0 and <= 2048 } trimmed
        && !trimmed.Any(char.IsControl)
        && Uri.TryCreate(trimmed, UriKind.Absolute, out Uri? uri)
        && schemes.Contains(uri.Scheme)
            ? trimmed
            : null;
}
