using System.Globalization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Compeer.Node.Api;

/// <summary>What the OpenAPI document says of every operation alike: how it is refused. Spec: OpenAPI 3.1, RFC 9457.</summary>
internal static class ApiDocument
{
    private static readonly (int Status, string Description)[] Errors =
    [
        (400, "It cannot be used; the detail says why."), (401, "Who asks?"), (403, "The key may not, or another site asks."), (404, "What it names is not here."),
        (409, "Not possible now; the detail says what to do."), (413, "The body is too large."), (415, "Not a content type for this."), (421, "Not a name of this node."),
        (429, "Too many wrong attempts; wait."), (507, "The disk refuses."),
    ];

    /// <summary>Adds the answers that any operation may have.</summary>
    public static Task DescribeErrorsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Responses ??= [];
        foreach ((int status, string description) in Errors)
        {
            operation.Responses.TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Description = description,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.Object } } },
            });
        }
        return Task.CompletedTask;
    }
}
