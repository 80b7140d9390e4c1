using System.Text;

namespace Compeer.Tests.Api;

/// <summary>A request made up from the document.</summary>
/// <param name="Method">GET, POST ...</param>
/// <param name="Path">With its query.</param>
/// <param name="Body">JSON, or what looks like it; null for none.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Documented">Statuses that the document names.</param>
public sealed record RandomRequest(string Method, string Path, string? Body, string ContentType, IReadOnlySet<int> Documented)
{
    public HttpRequestMessage ToMessage()
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), Path);
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }
        return request;
    }

    public override string ToString() => $"{Method} {Path} {(Body is { Length: > 2000 } ? Body[..2000] + "..." : Body)} ({ContentType})";
}
