using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Network.WebSeeds;

/// <summary>
/// Which addresses a web seed's URL may lead to. Torrents come from strangers, so: the Internet always; a local network
/// only where its address stands in the URL itself, without a query, and never by way of a name or of a redirect from the
/// Internet; this machine and link-local addresses (where clouds keep their secrets) never.
/// </summary>
internal sealed class WebSeedAddresses(WebSeedClientOptions options)
{
    /// <summary>What the URL alone shows to be forbidden; null when nothing does.</summary>
    public WebSeedFailure? Check(Uri url, AddressReach least)
    {
        if (WebSeedUrl.ProblemOf(url) is { Length: > 0 } problem)
            return Forbidden(problem);
        if (!IPAddress.TryParse(url.DnsSafeHost, out IPAddress? literal))
        {
            // Behind a proxy the name itself is all that can be judged.
            return options.Proxy is not null && ProxiedName.Reach(url.DnsSafeHost) != AddressReach.Global
                ? Forbidden($"its name {url.DnsSafeHost} is one of a local network; only an address in figures may lead there")
                : null;
        }
        AddressReach reach = options.Reach(literal);
        if (reach is AddressReach.Nowhere or AddressReach.Loopback || IsLinkLocal(literal))
            return Forbidden($"no web seed may be at {literal}");
        if (reach < least)
            return Forbidden("it redirects from the Internet to a local network");
        return reach == AddressReach.Private && url.Query.Length > 0
            ? Forbidden("a web seed in a local network may have no query in its address")
            : null;
    }

    /// <summary>The addresses to connect to, of which none is forbidden.</summary>
    /// <exception cref="WebSeedRefusedException">There are none.</exception>
    public async Task<IPAddress[]> FindAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return [literal];
        IPAddress[] found;
        try
        {
            found = await options.Resolve(host, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new WebSeedRefusedException(new WebSeedFailure(WebSeedFailureKind.Unreachable, $"its name {host} cannot be resolved: {SocketErrors.Describe(e.SocketErrorCode)}"));
        }
        IPAddress[] global = [.. found.Where(a => options.Reach(a) == AddressReach.Global).Take(options.MaxAddresses)];
        if (global.Length == 0 && found.Length > 0)
            throw new WebSeedRefusedException(Forbidden($"its name {host} leads to a local network or to this machine; only an address in figures may do that"));
        return global;
    }

    /// <summary>The last word, on the address that really took the connection.</summary>
    public void CheckConnected(string host, IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (!IPAddress.TryParse(host, out _) && options.Reach(plain) != AddressReach.Global)
            throw new WebSeedRefusedException(Forbidden($"its name {host} leads to {plain}"));
    }

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes() is [169, 254, ..];

    private static WebSeedFailure Forbidden(string message) => new(WebSeedFailureKind.Forbidden, message);
}
