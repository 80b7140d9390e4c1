using System.Net;
using System.Security.Cryptography.X509Certificates;
using Compeer.Node.Api;
using Compeer.Node.Configuration;
using Compeer.Node.Security;
using Compeer.Node.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Compeer.Node.Hosting;

/// <summary>
/// Kestrel with its limits and the way of a request: guard, page, endpoints. Made from an empty builder, so that no setting of ASP.NET
/// Core's own can change where it listens or what it tells.
/// </summary>
internal static class WebHost
{
    private const int MaxConnections = 300;
    private const int MaxBodyBytes = 1 << 20;

    public static WebApplication Build(NodeServices services)
    {
        IPEndPoint local = IPEndPoint.Parse(services.Configuration[NodeOptions.Api]);
        string[] names = services.Configuration[NodeOptions.ApiHosts].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        X509Certificate2? certificate = services.Certificate;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Limit(kestrel, local, certificate));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(services);
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Shape(json.SerializerOptions));
        builder.Services.AddSingleton(new NodeMetrics(() => NodeView.Of(services)));
        // What cannot be bound is answered like all else, and not with an empty 400.
        builder.Services.Configure<RouteHandlerOptions>(static options => options.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi(static options => options.AddOperationTransformer(ApiDocument.DescribeErrorsAsync));
        WebApplication web = builder.Build();
        var page = new StaticPage();
        // With port 0 the port, and so the names, are known only when it listens.
        var hosts = new Lazy<HostRules>(() => new HostRules(
            new IPEndPoint(local.Address, new Uri(Addresses(web).First()).Port), names));
        web.Use((context, next) => ErrorAnswers.InvokeAsync(context, next, services.Log));
        web.Use(next => context => new RequestGuard(next, services.Access, services.ContentKeys, hosts.Value).InvokeAsync(context));
        web.Use(async (context, next) =>
        {
            if (!await page.TryServeAsync(context))
                await next(context);
        });
        web.UseRouting();
        Endpoints.Map(web, services);
        web.MapOpenApi("/openapi/{documentName}.json");
        web.UseEndpoints(static _ => { });
        web.Run(context => Problem.WriteAsync(context, 404, "Nothing here", "No such path. The API's paths are listed at /openapi/v1.json."));
        return web;
    }

    /// <summary>Listens.</summary>
    /// <returns>Where: scheme, address and port.</returns>
    /// <exception cref="NodeException">The address cannot be had.</exception>
    public static async Task<string> StartAsync(WebApplication web, NodeConfiguration configuration, CancellationToken cancellationToken)
    {
        try
        {
            await web.StartAsync(cancellationToken);
            return Callable(Addresses(web).First());
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new NodeException(NodeFailure.Usage, $"The API cannot listen on {configuration[NodeOptions.Api]}: {e.Message} Choose another address with --api, or stop what uses it.", e);
        }
    }

    /// <summary>One that listens on all addresses is called by this machine's own.</summary>
    private static string Callable(string url)
    {
        var uri = new Uri(url);
        return IPAddress.TryParse(uri.Host, out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            ? $"{uri.Scheme}://{new IPEndPoint(address.Equals(IPAddress.Any) ? IPAddress.Loopback : IPAddress.IPv6Loopback, uri.Port)}"
            : url;
    }

    private static ICollection<string> Addresses(WebApplication web) => web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

    private static void Limit(KestrelServerOptions kestrel, IPEndPoint local, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = MaxConnections;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        kestrel.Limits.MaxRequestLineSize = 8 << 10;
        kestrel.Limits.MaxRequestBufferSize = 128 << 10;
        kestrel.Listen(local, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        });
    }
}
