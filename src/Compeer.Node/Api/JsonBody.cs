using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Compeer.Node.Api;

/// <summary>Bodies in JSON.</summary>
internal static class JsonBody
{
    /// <exception cref="NodeException">It is not JSON of that shape.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(context.Request.Body, ApiJson.Of<T>(), context.RequestAborted)
                ?? throw new NodeException(NodeFailure.BadInput, "The body is null. Send a JSON object.");
        }
        catch (JsonException e)
        {
            throw new NodeException(NodeFailure.BadInput, $"The body is not the JSON that this takes: {e.Message}", e);
        }
    }
}
