using System.Text.Json;

namespace Compeer.Node.Api;

/// <summary>How objects look in the API.</summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Hosting.WebHost.Shape(options);
        return options;
    }
}

/// <summary>What was named is not here.</summary>
internal sealed class NotFoundException(string message) : Exception(message);
