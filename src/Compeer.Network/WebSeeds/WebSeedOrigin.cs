using System.Net;
using System.Net.Sockets;
using Compeer.Network.Outbound;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Network.WebSeeds;

/// <summary>
/// Requests to one origin (scheme, host, port), one after the other over connections that are kept: each was checked when
/// it was made and cannot move. No cookies, no decompression, no proxy of the environment, no redirect that is followed unseen.
/// </summary>
internal sealed class WebSeedOrigin : IDisposable
{
    private readonly WebSeedClientOptions _options;
    private readonly WebSeedAddresses _addresses;
    private readonly HttpMessageInvoker _invoker;
    private IPAddress? _connected;

    public WebSeedOrigin(WebSeedClientOptions options, WebSeedAddresses addresses)
    {
        (_options, _addresses) = (options, addresses);
        _invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = 2,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            ResponseDrainTimeout = TimeSpan.Zero,
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>How far the address reaches that the last connection went to.</summary>
    public AddressReach Reach => _connected is { } address ? _options.Reach(address) : AddressReach.Global;

    /// <exception cref="HttpRequestException">No connection, or no HTTP on it.</exception>
    public Task<HttpResponseMessage> SendAsync(Uri url, string credentials, WebSeedRequest wanted, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        request.Headers.Authorization = RedirectRule.Authorization(credentials);
        if (!wanted.IsWholeFile)
            request.Headers.Range = new(wanted.Offset, wanted.Offset + wanted.Length - 1);
        return _invoker.SendAsync(request, cancellationToken);
    }

    public void Dispose() => _invoker.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        if (_options.Proxy is { } proxy)
        {
            // "[::1]" stands for the address in it.
            string plain = host.Trim('[', ']');
            Socket through = await proxy.ConnectAsync(new ProxyTarget(plain, context.DnsEndPoint.Port), cancellationToken);
            _connected = IPAddress.TryParse(plain, out IPAddress? literal) ? literal : null;
            return new NetworkStream(through, ownsSocket: true);
        }
        IPAddress[] addresses = await _addresses.FindAsync(host, cancellationToken);
        Socket socket = await TcpDial.ConnectAsync(addresses, context.DnsEndPoint.Port, _options.Bind, _options.ConnectTimeout, cancellationToken);
        try
        {
            IPAddress remote = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            _addresses.CheckConnected(host, remote);
            _connected = remote;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
