using System.Net;

namespace Compeer.Protocols.Proxies;

/// <summary>Where a proxy is to lead: a name, which the proxy looks up, or an address.</summary>
/// <param name="Host">The name, or the address as text.</param>
/// <param name="Port">1 to 65535; 0 where it is not known yet (a relay is asked for).</param>
public readonly record struct ProxyTarget(string Host, int Port)
{
    /// <summary>The longest name that fits.</summary>
    public const int MaxNameBytes = 255;

    public ProxyTarget(IPEndPoint endpoint) : this(endpoint.Address.ToString(), endpoint.Port)
    {
    }

    /// <summary>Whether it can be said to a proxy: nothing but letters, figures and the few signs of names and addresses.</summary>
    public bool IsValid =>
        Host is { Length: > 0 and <= MaxNameBytes } && Port is >= 0 and <= ushort.MaxValue
        && Host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':');
}
