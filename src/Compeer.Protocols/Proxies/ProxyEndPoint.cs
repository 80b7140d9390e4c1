using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace Compeer.Protocols.Proxies;

/// <summary>What a proxy speaks.</summary>
public enum ProxyKind
{
    /// <summary>SOCKS version 5 (RFC 1928).</summary>
    Socks5,

    /// <summary>HTTP with CONNECT (RFC 9110 section 9.3.6).</summary>
    Http,
}

/// <summary>A proxy: where it is, what it speaks, and who we are to it.</summary>
/// <param name="Kind">What it speaks.</param>
/// <param name="Address">Where it is. An address and no name: to look a name up would already leave past the proxy.</param>
/// <param name="User">Name, or empty.</param>
/// <param name="Password">Password, or empty.</param>
public sealed record ProxyEndPoint(ProxyKind Kind, IPEndPoint Address, string User = "", string Password = "")
{
    private const int MaxSecretBytes = 255;

    /// <summary>A user and perhaps a password are to be given.</summary>
    public bool HasCredentials => User.Length > 0;

    /// <summary>Reads socks5://[user:password@]IP:port or http://...; "localhost" is this machine. On false <paramref name="problem"/> is a sentence.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProxyEndPoint? proxy, out string problem)
    {
        proxy = null;
        problem = "A proxy is written as socks5://10.0.0.1:1080 or http://user:password@10.0.0.1:8080.";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.PathAndQuery is not ("/" or "") || url.Fragment.Length > 0)
            return false;
        ProxyKind? kind = url.Scheme switch { "socks5" or "socks5h" => ProxyKind.Socks5, "http" => ProxyKind.Http, _ => null };
        if (kind is null || url.Host.Length == 0)
            return false;
        if (url.Port is <= 0 or > ushort.MaxValue)
        {
            problem = "The proxy's port is missing.";
            return false;
        }
        if (!TryAddress(url, out IPAddress? address))
        {
            problem = "Give the proxy's address in figures: looking its name up would leave past the proxy.";
            return false;
        }
        int colon = url.UserInfo.IndexOf(':', StringComparison.Ordinal);
        string user = Uri.UnescapeDataString(colon < 0 ? url.UserInfo : url.UserInfo[..colon]);
        string password = colon < 0 ? "" : Uri.UnescapeDataString(url.UserInfo[(colon + 1)..]);
        if (Encoding.UTF8.GetByteCount(user) > MaxSecretBytes || Encoding.UTF8.GetByteCount(password) > MaxSecretBytes || (user.Length == 0 && password.Length > 0))
        {
            problem = "The proxy's user or password is longer than 255 bytes, or the user is missing.";
            return false;
        }
        proxy = new ProxyEndPoint(kind.Value, new IPEndPoint(address, url.Port), user, password);
        problem = "";
        return true;
    }

    /// <summary>For people; without user and password.</summary>
    public override string ToString() => $"{(Kind == ProxyKind.Socks5 ? "socks5" : "http")}://{Address}";

    private static bool TryAddress(Uri url, [NotNullWhen(true)] out IPAddress? address)
    {
        address = url.Host == "localhost" ? IPAddress.Loopback : null;
        return address is not null || IPAddress.TryParse(url.DnsSafeHost, out address);
    }
}
