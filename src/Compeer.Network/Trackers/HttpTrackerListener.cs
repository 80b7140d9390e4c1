using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Compeer.Network.Trackers;

/// <summary>
/// The tracker's HTTP side: Kestrel alone, without hosting, routing or logging. Bodies, long headers, slow and idle
/// connections are cut off by the server before anything of ours runs.
/// </summary>
internal sealed class HttpTrackerListener : IHttpApplication<IFeatureCollection>, IAsyncDisposable
{
    private readonly TrackerDesk _desk;
    private readonly TrackerServerOptions _options;
    private readonly ConnectionQuota _quota;
    private readonly KestrelServer _server;

    private HttpTrackerListener(TrackerDesk desk, TrackerServerOptions options)
    {
        _desk = desk;
        _options = options;
        _quota = new ConnectionQuota(options.MaxConnectionsPerAddress);
        _server = new KestrelServer(
            Options.Create(Configure()),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
    }

    /// <summary>Where it listens, in the order of the options.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; private set; } = [];

    /// <exception cref="IOException">An address cannot be bound.</exception>
    public static async Task<HttpTrackerListener> StartAsync(TrackerDesk desk, TrackerServerOptions options, CancellationToken cancellationToken)
    {
        var listener = new HttpTrackerListener(desk, options);
        try
        {
            await listener._server.StartAsync(listener, cancellationToken);
        }
        catch
        {
            await listener.DisposeAsync();
            throw;
        }
        IServerAddressesFeature bound = listener._server.Features.GetRequiredFeature<IServerAddressesFeature>();
        listener.EndPoints = [.. bound.Addresses.Select(address => IPEndPoint.Parse(new Uri(address).Authority))];
        return listener;
    }

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        IPAddress client = context.GetRequiredFeature<IHttpConnectionFeature>().RemoteIpAddress ?? IPAddress.None;
        var body = new ArrayBufferWriter<byte>(512);
        if (request.Method != "GET")
            response.StatusCode = 405;
        else if (!_desk.TryAnswerHttp(request.RawTarget, client, body))
            response.StatusCode = 404;
        response.Headers.ContentType = "text/plain";
        response.Headers.ContentLength = body.WrittenCount;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body.WrittenMemory);
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(_options.StopTimeout);
        await _server.StopAsync(limit.Token);
        _server.Dispose();
    }

    private KestrelServerOptions Configure()
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = NoServices.Instance };
        kestrel.Limits.MaxConcurrentConnections = _options.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxRequestLineSize = _options.MaxRequestBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = _options.MaxRequestBytes;
        kestrel.Limits.MaxRequestBufferSize = 2 * _options.MaxRequestBytes;
        kestrel.Limits.MaxRequestHeaderCount = 40;
        kestrel.Limits.RequestHeadersTimeout = _options.RequestTimeout;
        kestrel.Limits.KeepAliveTimeout = _options.IdleTimeout;
        foreach (IPEndPoint endPoint in _options.Http)
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => _quota.RunAsync(connection, next));
            });
        }
        return kestrel;
    }

    /// <summary>Nothing to inject: Kestrel asks only for optional services.</summary>
    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
