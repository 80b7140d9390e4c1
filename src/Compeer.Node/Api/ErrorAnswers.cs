using Compeer.Content.Storage;
using Compeer.Node.Hosting;
using Compeer.Node.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Compeer.Node.Api;

/// <summary>Turns what endpoints throw into problem details, if the answer has not begun.</summary>
internal static class ErrorAnswers
{
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next, NodeLog log)
    {
        try
        {
            await next(context);
            // What routing refuses by itself has no words.
            if (context.Response is { HasStarted: false, StatusCode: 404 or 405 or 415, ContentType: null })
                await Problem.WriteAsync(context, context.Response.StatusCode, "Nothing here", "No such path, or not by this method or with this content type. The API's paths are listed at /openapi/v1.json.");
            // Nor has the code that binds endpoints, for a value of the query that is no number, or neither true nor false.
            else if (context.Response is { HasStarted: false, StatusCode: 400, ContentType: null })
                await Problem.WriteAsync(context, 400, "This cannot be read", Unread(context));
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested && Describe(e) is { } answer)
        {
            (int status, string title, string detail) = answer;
            context.Response.Headers.Remove("Content-Length");
            await Problem.WriteAsync(context, status, title, detail);
        }
        catch (RefusedSettingsException e) when (!context.Response.HasStarted)
        {
            string detail = string.Join(" ", e.Errors.Select(w => $"{w.Key}: {w.Value}."));
            await Problem.WriteAsync(context, e.Status, e.Status == 409 ? "Set elsewhere" : "This cannot be used", detail, e.Errors);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            log.Write(LogLevel.Error, "api", $"{context.Request.Method} {context.Request.Path}: {e}");
            await Problem.WriteAsync(context, 500, "A fault of this program", "The log of the node says more. Please report it.");
        }
    }

    /// <summary>The values of the query of which one was refused.</summary>
    private static string Unread(HttpContext context)
    {
        IReadOnlyList<IParameterBindingMetadata> parameters = context.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [];
        string[] given = [.. parameters.Where(p => p.HasTryParse && context.Request.Query.ContainsKey(p.Name)).Select(p => $"{p.Name}={context.Request.Query[p.Name]}")];
        return given.Length == 0 ? "The request is not as /openapi/v1.json describes it." : $"The query cannot be read: {string.Join(" or ", given)} is not of the type that /openapi/v1.json names.";
    }

    private static (int Status, string Title, string Detail)? Describe(Exception e) => e switch
    {
        NodeException { Failure: NodeFailure.BadInput } bad => (400, "This cannot be used", bad.Message),
        NodeException { Failure: NodeFailure.Disk } disk => (507, "The disk refuses", disk.Message),
        NodeException usage => (409, "Not possible now", usage.Message),
        NotFoundException missing => (404, "Not here", missing.Message),
        StorageException storage => (507, "The disk refuses", storage.Message),
        BadHttpRequestException { StatusCode: 413 } => (413, "Too large", "The body is larger than this takes."),
        BadHttpRequestException bad => (bad.StatusCode, "This cannot be read", bad.InnerException?.Message ?? bad.Message),
        OperationCanceledException => (409, "Not possible now", "The torrent was removed meanwhile, or the node is being stopped."),
        _ => null,
    };
}
