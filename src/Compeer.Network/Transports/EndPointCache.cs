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
    private SocketAddress? _last;
    private IPEndPoint? _lastEndPoint;

    /// <summary>The endpoint of a received datagram, never in IPv4-mapped form.</summary>
    /// <param name="address">The sender in the system's form.</param>
    /// <param name="family">The socket's family.</param>
    public IPEndPoint EndPointOf(ReadOnlySpan<byte> address, AddressFamily family)
    {
        // Datagrams of one sender mostly come in a row.
        if (_lastEndPoint is not null && address.SequenceEqual(_last!.Buffer.Span[.._last.Size]))
            return _lastEndPoint;
        _last ??= new SocketAddress(family);
        address.CopyTo(_last.Buffer.Span);
        _last.Size = address.Length;
        if (_received.TryGetValue(_last, out _lastEndPoint))
            return _lastEndPoint;
        if (_received.Count >= MaxKnown)
            _received.Clear();
        var any = new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        _lastEndPoint = EndPoints.Unmapped((IPEndPoint)any.Create(_last));
        var copy = new SocketAddress(family, address.Length);
        address.CopyTo(copy.Buffer.Span);
        return _received[copy] = _lastEndPoint;
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
