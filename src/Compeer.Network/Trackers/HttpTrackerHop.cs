using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

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

    /// <summary>The address that took the connection.</summary>
    public IPAddress? Connected { get; private set; }

    /// <exception cref="HttpRequestException">No connection, or no HTTP on it.</exception>
    public Task<HttpResponseMessage> SendAsync(Uri url, string credentials, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        request.Headers.ConnectionClose = true;
        if (credentials.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(credentials))));
        return _invoker.SendAsync(request, cancellationToken);
    }

    public void Dispose() => _invoker.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        foreach (IPAddress address in _addresses)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(_options.ConnectTimeout);
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                BindTo(socket, _options.Bind);
                await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), limit.Token);
                Connected = address;
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch (OperationCanceledException)
            {
                socket.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                last = new SocketException((int)SocketError.TimedOut);
            }
        }
        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Sends from the address that the user chose, when it is of the socket's family.</summary>
    internal static void BindTo(Socket socket, IPAddress? local)
    {
        if (local is not null && local.AddressFamily == socket.AddressFamily)
            socket.Bind(new IPEndPoint(local, 0));
    }
}
