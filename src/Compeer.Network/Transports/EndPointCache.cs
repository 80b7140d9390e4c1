using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Network.Transports;

/// <summary>
/// Endpoints in the kernel's form and ours, kept so that a datagram of a known peer allocates nothing. Each side forgets
/// everything when 4,096 are known, about 1 MB. The two sides may be used by two threads, each by one at a time.
/// </summary>
internal sealed class EndPointCache
{
    private const int MaxKnown = 4096;

    private readonly Dictionary<SocketAddress, IPEndPoint> _received = [];
    private readonly Dictionary<IPEndPoint, SocketAddress> _sent = [];

    /// <summary>The endpoint of a received datagram, never in IPv4-mapped form.</summary>
    public IPEndPoint EndPointOf(SocketAddress address)
    {
        if (_received.TryGetValue(address, out IPEndPoint? known))
            return known;
        if (_received.Count >= MaxKnown)
            _received.Clear();
        var any = new IPEndPoint(address.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        IPEndPoint endpoint = EndPoints.Unmapped((IPEndPoint)any.Create(address));
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return _received[copy] = endpoint;
    }

    /// <summary>The kernel's form of an endpoint for a socket of a family.</summary>
    public SocketAddress AddressOf(IPEndPoint endpoint, AddressFamily family)
    {
        if (_sent.TryGetValue(endpoint, out SocketAddress? known))
            return known;
        if (_sent.Count >= MaxKnown)
            _sent.Clear();
        IPEndPoint form = endpoint.AddressFamily == family ? endpoint : new IPEndPoint(endpoint.Address.MapToIPv6(), endpoint.Port);
        return _sent[endpoint] = form.Serialize();
    }
}
