using System.Net;
using Compeer.Network.Connections;

namespace Compeer.Node.Security;

/// <summary>
/// Under which names this node may be called. A page from elsewhere that points its own name at this machine (DNS rebinding) calls it
/// by that name, and is refused.
/// </summary>
public sealed class HostRules
{
    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="local">Where the API listens.</param>
    /// <param name="names">Further names, with or without a port.</param>
    public HostRules(IPEndPoint local, IEnumerable<string> names)
    {
        IEnumerable<string> own = IPAddress.IsLoopback(local.Address) ? ["localhost", "127.0.0.1", "[::1]"]
            : local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any) ? ["localhost", "127.0.0.1", "[::1]", .. Interfaces()]
            : [];
        foreach (string name in own.Append(Bracketed(local.Address)).Concat(names))
            _hosts.Add(name.Contains(':', StringComparison.Ordinal) && !name.EndsWith(']') ? name : $"{name}:{local.Port}");
        if (local.Port is 80 or 443)
            _hosts.UnionWith([.. _hosts.Select(h => h[..h.LastIndexOf(':')])]);
    }

    /// <summary>Whether the Host header names this node.</summary>
    public bool Allows(string host) => _hosts.Contains(host);

    private static string Bracketed(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static IEnumerable<string> Interfaces() =>
        LocalAddresses.Interfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => Bracketed(a.Address));
}
