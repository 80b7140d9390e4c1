using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Proxies;

namespace Compeer.Network.Hosting;

/// <summary>
/// What an address says to a transport: /ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT, and then nothing, /ws, /tls/ws, /tls/sni/NAME/ws or /wss.
/// Spec: libp2p/specs addressing/README.md; websockets/README.md.
/// </summary>
/// <param name="Host">An IP address or a name.</param>
/// <param name="Family">Of the addresses that a name may lead to; unspecified takes both.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="IsWebSocket">A WebSocket is spoken.</param>
/// <param name="TlsName">The name for which its certificate is; null where the WebSocket is not in TLS.</param>
internal sealed record TransportAddress(string Host, AddressFamily Family, int Port, bool IsWebSocket, string? TlsName)
{
    /// <summary>Whether the host is a name.</summary>
    public bool IsName => !IPAddress.TryParse(Host, out _);

    /// <summary>The host and port as HTTP has them.</summary>
    public string Authority => $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";

    public static bool TryParse(Multiaddr address, [NotNullWhen(true)] out TransportAddress? parsed)
    {
        parsed = null;
        MultiaddrComponent[] parts = [.. (address.WithoutPeer() ?? address).Components.SkipWhile(c => c.Protocol == MultiaddrProtocol.Ip6Zone)];
        if (parts.Length < 2 || parts[1].Protocol != MultiaddrProtocol.Tcp || FamilyOf(parts[0].Protocol) is not { } family)
            return false;
        string host = parts[0].Text;
        if (address.TryGetTcp(out IPEndPoint? endPoint))
            host = endPoint.Address.ToString();
        string name = parts.Skip(2).FirstOrDefault(c => c.Protocol == MultiaddrProtocol.Sni) is { Protocol: not null } sni ? sni.Text : host;
        string rest = string.Concat(parts.Skip(2).Where(c => c.Protocol != MultiaddrProtocol.Sni).Select(c => "/" + c.Protocol.Name));
        if (rest is not ("" or "/ws" or "/wss" or "/tls/ws"))
            return false;
        parsed = new TransportAddress(host, family, BinaryPrimitives.ReadUInt16BigEndian(parts[1].Value), rest.Length > 0, rest is "/wss" or "/tls/ws" ? name : null);
        return true;
    }

    /// <summary>Where it leads; of a name, the first address that is told.</summary>
    /// <exception cref="SocketException">The name is not known, or may not be looked up.</exception>
    public async Task<IPEndPoint> ResolveAsync(NetworkPolicy policy, CancellationToken cancellationToken)
    {
        if (!IsName)
            return new IPEndPoint(IPAddress.Parse(Host), Port);
        if (!policy.AllowsDirect(TrafficClass.NameLookup))
            throw new SocketException((int)SocketError.AccessDenied);
        IPAddress[] found = await Dns.GetHostAddressesAsync(Host, Family, cancellationToken);
        return new IPEndPoint(found.Length > 0 ? found[0] : throw new SocketException((int)SocketError.HostNotFound), Port);
    }

    private static AddressFamily? FamilyOf(MultiaddrProtocol protocol) =>
        protocol == MultiaddrProtocol.Ip4 || protocol == MultiaddrProtocol.Dns4 ? AddressFamily.InterNetwork
        : protocol == MultiaddrProtocol.Ip6 || protocol == MultiaddrProtocol.Dns6 ? AddressFamily.InterNetworkV6
        : protocol == MultiaddrProtocol.Dns ? AddressFamily.Unspecified
        : null;
}
