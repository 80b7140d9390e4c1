using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Compeer.Protocols.Trackers;

/// <summary>Addresses of trackers: which can be used, and how to show one without giving away the user's pass key.</summary>
public static class TrackerUrl
{
    private const int MaxChars = 2048;
    private const int SecretChars = 16;

    /// <summary>Reads an address that this program can announce to; on false <paramref name="problem"/> is a sentence.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? url, out string problem)
    {
        problem = "";
        text = text.Trim();
        if (text.Length > MaxChars || !Uri.TryCreate(text, UriKind.Absolute, out url))
            problem = "This is not a tracker's address.";
        else
            problem = ProblemOf(url);
        url = problem.Length == 0 ? new Uri(text) : null;
        return url is not null;
    }

    /// <summary>What is wrong with an address as a tracker's; empty when nothing is.</summary>
    public static string ProblemOf(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https" or "udp"))
            return "Trackers are asked over http, https and udp only.";
        if (url.Host.Length == 0 || url.Port == 0)
            return "The tracker's address has no host or port 0.";
        return url.Host.All(char.IsAscii) && !url.Host.Contains("xn--", StringComparison.OrdinalIgnoreCase)
            ? ""
            // A look-alike name sends announces to somebody else; no known tracker needs such a name.
            : "The tracker's host name has other letters than ASCII.";
    }

    /// <summary>Scheme, host, port and path; without user, password and query, and with long path elements (pass keys) hidden.</summary>
    public static string ForDisplay(Uri url)
    {
        var text = new StringBuilder($"{url.Scheme}://{url.Host}");
        if (!url.IsDefaultPort && url.Port > 0)
            text.Append(':').Append(url.Port);
        foreach (string segment in url.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries))
            text.Append('/').Append(segment.Length >= SecretChars ? "..." : segment);
        return text.ToString();
    }
}
