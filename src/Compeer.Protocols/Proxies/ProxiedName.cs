using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// How far a name reaches, judged by the name alone: behind a proxy it is the proxy that looks names up, and what it finds
/// is not seen here. Spec: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa).
/// </summary>
public static class ProxiedName
{
    private static readonly string[] LocalSuffixes = [".local", ".localdomain", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".private"];

    public static AddressReach Reach(string name)
    {
        string plain = name.TrimEnd('.');
        if (plain.Equals("localhost", StringComparison.OrdinalIgnoreCase) || plain.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
            return AddressReach.Loopback;
        return !plain.Contains('.', StringComparison.Ordinal) || LocalSuffixes.Any(s => plain.EndsWith(s, StringComparison.OrdinalIgnoreCase))
            ? AddressReach.Private
            : AddressReach.Global;
    }
}
