using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Compeer.Node.Configuration;

/// <summary>Hosts with ports as text.</summary>
internal static class HostText
{
    public static bool TryParse(string text, [NotNullWhen(true)] out DnsEndPoint? host)
    {
        int colon = text.LastIndexOf(':');
        bool ok = colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0;
        host = ok ? new DnsEndPoint(text[..colon].Trim('[', ']'), int.Parse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture)) : null;
        return ok;
    }

    public static DnsEndPoint[] ParseAll(string list) =>
        [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(h => TryParse(h, out DnsEndPoint? host) ? host : null).OfType<DnsEndPoint>()];
}
