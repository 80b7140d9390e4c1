using System.Net;
using System.Net.Sockets;
using Compeer.Network.Outbound;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Trackers;

/// <summary>
/// One HTTP request on a connection of its own, made to addresses that were checked for just this request:
/// a kept connection would skip the check. Owns the connection until disposed.
/// </summary>
internal sealed class HttpTrackerHop : IDisposable
{
    private readonly TrackerClientOptions _options;
    private readonly IPAddress[] _addresses;
    private readonly HttpMessageInvoker _invoker;

    public HttpTrackerHop(TrackerClientOptions options, IPAddress[] addresses)
    {
        _options = options;
        _addresses = addresses;
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>The address that took the connection; null when a proxy looked it up.</summary>
    public IPAddress? Connected { get; private set; }

    /// <exception cref="HttpRequestException">No connection, or no HTTP on it.</exception>
    public Task<HttpResponseMessage> SendAsync(Uri url, string credentials, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        request.Headers.ConnectionClose = true;
        request.Headers.Authorization = RedirectRule.Authorization(credentials);
        return _invoker.SendAsync(request, cancellationToken);
    }

    public void Dispose() => _invoker.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (_options.Proxy is { } proxy)
        {
            string host = context.DnsEndPoint.Host.Trim('[', ']');
            Socket through = await proxy.ConnectAsync(new ProxyTarget(host, context.DnsEndPoint.Port), cancellationToken);
            Connected = IPAddress.TryParse(host, out IPAddress? literal) ? literal : null;
            return new NetworkStream(through, ownsSocket: true);
        }
        Socket socket = await TcpDial.ConnectAsync(_addresses, context.DnsEndPoint.Port, _options.Bind, _options.ConnectTimeout, cancellationToken);
        Connected = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        return new NetworkStream(socket, ownsSocket: true);
    }
}
