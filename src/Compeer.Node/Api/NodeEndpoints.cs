using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>The node as a whole.</summary>
internal sealed class NodeEndpoints(NodeServices services)
{
    public void Map(IEndpointRouteBuilder api) => api.MapGet("/node", () => NodeView.Of(services));
}
