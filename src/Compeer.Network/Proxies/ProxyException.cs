namespace Compeer.Network.Proxies;

/// <summary>There is no way through the proxy. The message names the proxy and the cause, as a clause.</summary>
public sealed class ProxyException(string message, bool isProxyFault) : IOException(message)
{
    /// <summary>The proxy itself cannot be used; else it is the target behind it.</summary>
    public bool IsProxyFault { get; } = isProxyFault;
}
