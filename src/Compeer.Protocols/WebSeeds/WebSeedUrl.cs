using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Torrents;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.WebSeeds;

/// <summary>Addresses of web seeds, and of the files of a torrent behind them.</summary>
/// <remarks>Spec: BEP 19, "metadata extension"; RFC 3986 section 2.1 for the names in a path.</remarks>
public static class WebSeedUrl
{
    private const int MaxChars = 2048;

    /// <summary>Reads an address that files can be fetched from; on false <paramref name="problem"/> is a sentence.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? url, out string problem)
    {
        problem = "";
        url = null;
        if (text.Length > MaxChars || !Uri.TryCreate(text.Trim(), UriKind.Absolute, out Uri? parsed))
            problem = "This is not a web seed's address.";
        else
            problem = ProblemOf(parsed);
        if (problem.Length > 0)
            return false;
        url = new UriBuilder(new Uri(text.Trim())) { Fragment = "" }.Uri;
        return true;
    }

    /// <summary>What is wrong with an address as a web seed's; empty when nothing is.</summary>
    public static string ProblemOf(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https"))
            return "Web seeds are asked over http and https only.";
        if (url.Host.Length == 0 || url.Port <= 0)
            return "The web seed's address has no host or port 0.";
        return url.Host.All(char.IsAscii) && !url.Host.Contains("xn--", StringComparison.OrdinalIgnoreCase)
            ? ""
            : "The web seed's host name has other letters than ASCII.";
    }

    /// <summary>
    /// Where a file of a torrent is. The address of a single file is the seed's own, unless that ends with a slash: then
    /// the torrent's name is put behind it. Files of a folder are below the torrent's name, slash or not.
    /// False when a name cannot stand in an address: it is no UTF-8, or one that climbs ("..").
    /// </summary>
    public static bool TryBuild(Uri seed, Metainfo metainfo, TorrentFile file, [NotNullWhen(true)] out Uri? url)
    {
        url = seed;
        bool isFolder = seed.AbsolutePath.EndsWith('/');
        if (metainfo.IsSingleFile && !isFolder)
            return true;
        var path = new StringBuilder(seed.AbsolutePath);
        if (!isFolder)
            path.Append('/');
        url = null;
        if (!TryAppend(path, metainfo.OriginalName))
            return false;
        if (!metainfo.IsSingleFile)
        {
            foreach (string element in file.Path)
            {
                path.Append('/');
                if (!TryAppend(path, element))
                    return false;
            }
        }
        return Uri.TryCreate($"{seed.GetLeftPart(UriPartial.Authority)}{path}{seed.Query}", UriKind.Absolute, out url);
    }

    /// <summary>For people: without user, password and query.</summary>
    public static string ForDisplay(Uri url) => TrackerUrl.ForDisplay(url);

    private static bool TryAppend(StringBuilder path, string element)
    {
        if (element is "" or "." or ".." || element.Contains('\uFFFD', StringComparison.Ordinal))
            return false;
        PercentEncoding.Append(path, Encoding.UTF8.GetBytes(element));
        return true;
    }
}
