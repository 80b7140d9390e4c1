using System.Text.Json;
using System.Threading.Channels;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>GET /events: what changes, as server-sent events. Spec: HTML, section 9.2.</summary>
internal sealed class EventStream(NodeServices services)
{
    private const int MaxStreams = 64;
    private static readonly TimeSpan NodePace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LogPace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private int _streams;

    public void Map(IEndpointRouteBuilder api) => api.MapGet("/events", (Delegate)StreamAsync).Produces<string>(200, "text/event-stream").Produces(503);

    private async Task StreamAsync(HttpContext context)
    {
        if (Interlocked.Increment(ref _streams) > MaxStreams)
        {
            Interlocked.Decrement(ref _streams);
            await Security.Problem.WriteAsync(context, 503, "Too many streams", $"{MaxStreams} listen already. Close some pages.");
            return;
        }
        try
        {
            context.Response.ContentType = "text/event-stream";
            await WriteAsync(context);
        }
        catch (OperationCanceledException)
        {
            // The listener went away.
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    /// <summary>First that the list has to be read again, then changes; a listener who was too slow is let go, and begins again.</summary>
    private async Task WriteAsync(HttpContext context)
    {
        CancellationToken ending = context.RequestAborted;
        ChannelReader<FeedChange> changes = services.Feed.Listen(ending);
        using LogListener? log = context.Request.Query["log"] == "1" ? new LogListener(services.Log) : null;
        long sequence = services.Feed.Sequence;
        await SendTextAsync(context, "reset", sequence, "{}");
        string lastNode = "";
        long quietSince = services.Time.GetTimestamp();
        while (true)
        {
            if (log?.Take() is { Count: > 0 } lines)
                await SendAsync(context, "log", sequence, new NetworkEndpoints.LogTail(lines));
            string node = JsonSerializer.Serialize(NodeView.Of(services), ApiJson.Of<NodeView>());
            if (node != lastNode)
            {
                await SendTextAsync(context, "node", sequence, lastNode = node);
                quietSince = services.Time.GetTimestamp();
            }
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(ending);
            pause.CancelAfter(log is null ? NodePace : LogPace);
            try
            {
                while (await changes.WaitToReadAsync(pause.Token))
                {
                    while (changes.TryRead(out FeedChange? change))
                    {
                        sequence = change.Sequence;
                        await SendAsync(context, "torrents", sequence, new TorrentsEvent(change.Changed, change.Removed));
                        quietSince = services.Time.GetTimestamp();
                    }
                }
                return;
            }
            catch (OperationCanceledException) when (!ending.IsCancellationRequested)
            {
                if (services.Time.GetElapsedTime(quietSince) > Heartbeat)
                {
                    await context.Response.WriteAsync(": still here\n\n", ending);
                    await context.Response.Body.FlushAsync(ending);
                    quietSince = services.Time.GetTimestamp();
                }
            }
        }
    }

    private static Task SendAsync<T>(HttpContext context, string name, long sequence, T data) => SendTextAsync(context, name, sequence, JsonSerializer.Serialize(data, ApiJson.Of<T>()));

    private static async Task SendTextAsync(HttpContext context, string name, long sequence, string data)
    {
        await context.Response.WriteAsync($"id: {sequence}\nevent: {name}\ndata: {data}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    internal sealed record TorrentsEvent(IReadOnlyList<TorrentSummary> Changed, IReadOnlyList<string> Removed);
}
