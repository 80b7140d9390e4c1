using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Content.Storage;
using Compeer.Node.Api;
using Compeer.Node.Hosting;
using Compeer.Node.Security;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.TransmissionRpc;

/// <summary>
/// POST /transmission/rpc: what programs for Transmission say, so that they can drive this node. A call without the session id of this
/// run is answered with it and 409, so that no page of another site can make one. Spec: Transmission's rpc-spec.md (as of 4.0, RPC
/// version 17), without queues, sequences and what Compeer has no notion of.
/// </summary>
internal sealed class RpcEndpoint(NodeServices services)
{
    private const string SessionHeader = "X-Transmission-Session-Id";
    private const int MaxBodyBytes = 20 << 20;

    private readonly string _session = Secrets.Make();
    private readonly RpcNumbers _numbers = new(services.Torrents);

    public void Map(IEndpointRouteBuilder web) => web.MapMethods("/transmission/rpc", ["GET", "POST"], (RequestDelegate)AnswerAsync).ExcludeFromDescription();

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.Headers[SessionHeader] = _session;
        if (!Secrets.Same((string?)context.Request.Headers[SessionHeader] ?? "", _session))
        {
            await Problem.WriteAsync(context, 409, "Conflict", $"Send the header {SessionHeader} of this answer with each call.");
            return;
        }
        if (context.Request.Method != "POST")
        {
            await Problem.WriteAsync(context, 405, "POST only", "Calls are made by POST.");
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBodyBytes;
        RpcRequest request = await JsonBody.ReadAsync<RpcRequest>(context);
        var answer = new JsonObject();
        try
        {
            answer["arguments"] = await CallAsync(request.Method ?? "", request.Arguments ?? [], context.RequestAborted);
            answer["result"] = "success";
        }
        catch (Exception e) when (e is NodeException or NotFoundException or StorageException or RefusedSettingsException or InvalidOperationException or FormatException)
        {
            answer["arguments"] = new JsonObject();
            answer["result"] = e is RefusedSettingsException refused ? string.Join("; ", refused.Errors.Select(w => $"{w.Key}: {w.Value}")) : e.Message;
        }
        if (request.Tag is { } tag)
            answer["tag"] = tag.DeepClone();
        await context.Response.WriteAsJsonAsync(answer, ApiJson.Of<JsonObject>(), "application/json; charset=utf-8", context.RequestAborted);
    }

    private async Task<JsonObject> CallAsync(string method, JsonObject arguments, CancellationToken cancellationToken)
    {
        await services.Torrents.Started.WaitAsync(cancellationToken);
        var session = new RpcSession(services);
        var torrents = new RpcTorrents(_numbers);
        var actions = new RpcActions(services, _numbers);
        return method switch
        {
            "session-get" => session.Get(arguments),
            "session-set" => session.Set(arguments),
            "session-stats" => session.Stats(),
            "free-space" => RpcSession.Free(arguments),
            "port-test" => new JsonObject { ["port-is-open"] = ReachabilityView.Of(services.Client).Verdict == "yes" },
            "blocklist-update" => new JsonObject { ["blocklist-size"] = 0 },
            "torrent-get" => await torrents.GetAsync(arguments, cancellationToken),
            "torrent-add" => await actions.AddAsync(arguments, cancellationToken),
            "torrent-set" => await actions.SetAsync(arguments, cancellationToken),
            "torrent-set-location" => await actions.SetLocationAsync(arguments, cancellationToken),
            "torrent-remove" => await actions.RemoveAsync(arguments, cancellationToken),
            "torrent-start" or "torrent-start-now" => actions.Each(arguments, t => services.Torrents.SetPaused(t, false)),
            "torrent-stop" => actions.Each(arguments, t => services.Torrents.SetPaused(t, true)),
            "torrent-verify" => actions.Each(arguments, t => t.Running?.Recheck()),
            "torrent-reannounce" => actions.Each(arguments, t => t.Running?.Reannounce()),
            "queue-move-top" or "queue-move-up" or "queue-move-down" or "queue-move-bottom" => throw new NodeException(NodeFailure.BadInput, "There is no queue: all torrents run at once."),
            _ => throw new NodeException(NodeFailure.BadInput, $"The method '{method}' is not known here."),
        };
    }

    internal sealed record RpcRequest(string? Method, JsonObject? Arguments, JsonNode? Tag);
}
