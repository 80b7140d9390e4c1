using Compeer.Node.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>All paths of the API.</summary>
internal static class Endpoints
{
    public static void Map(IEndpointRouteBuilder web, NodeServices services)
    {
        web.MapGet("/health", () => ApiJson.Answer(new Health("ok")));
        web.MapGet("/metrics", (NodeMetrics metrics) => Results.Text(metrics.Expose(), "text/plain; version=0.0.4"));
        new TransmissionRpc.RpcEndpoint(services).Map(web);
        RouteGroupBuilder api = web.MapGroup("/api/v1");
        new SessionEndpoints(services.Access).Map(api);
        new NodeEndpoints(services).Map(api);
        new TorrentEndpoints(services).Map(api);
        new LimitEndpoints(services).Map(api);
        new SettingEndpoints(services.Configuration).Map(api);
        new AccessEndpoints(services.Access).Map(api);
        new DiskEndpoints(services).Map(api);
        new NetworkEndpoints(services).Map(api);
        new IntakeEndpoints(services).Map(api);
        new EventStream(services).Map(api);
    }

    internal sealed record Health(string Status);
}
