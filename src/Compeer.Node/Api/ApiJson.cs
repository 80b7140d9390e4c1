using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;
using Compeer.Node.Security;
using Compeer.Protocols.MainlineDht;
using Microsoft.AspNetCore.Http;

namespace Compeer.Node.Api;

/// <summary>How objects look in the API.</summary>
internal static class ApiJson
{
    /// <summary>Letters beyond ASCII are escaped, so that the text may stand in a stream of events or in the log.</summary>
    private static readonly JsonSerializerOptions Escaped = Made(new(JsonSerializerDefaults.Web));

    /// <summary>As endpoints answer.</summary>
    private static readonly JsonSerializerOptions Plain = Made(new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>How an object of that type is read, and written with letters beyond ASCII escaped.</summary>
    /// <exception cref="NotSupportedException">The type is none of <see cref="ApiJsonContext"/>.</exception>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Escaped.GetTypeInfo(typeof(T));

    /// <summary>How an object of that type is answered.</summary>
    /// <exception cref="NotSupportedException">The type is none of <see cref="ApiJsonContext"/>.</exception>
    public static JsonTypeInfo<T> AnswerOf<T>() => (JsonTypeInfo<T>)Plain.GetTypeInfo(typeof(T));

    /// <summary>An answer of one object.</summary>
    /// <exception cref="NotSupportedException">The type is none of <see cref="ApiJsonContext"/>.</exception>
    public static IResult Answer<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, AnswerOf<T>(), statusCode: status);

    /// <summary>Makes options write and read as the API does.</summary>
    public static void Shape(JsonSerializerOptions json)
    {
        json.TypeInfoResolver = ApiJsonContext.Default;
        json.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
        Name<Scope>(json);
        Name<LogLevel>(json);
        Name<OptionKind>(json);
        Name<OptionSource>(json);
        Name<Content.Torrents.FilePriority>(json);
        Name<DhtContactState>(json);
    }

    private static void Name<T>(JsonSerializerOptions json)
        where T : struct, Enum => json.Converters.Add(new JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase));

    private static JsonSerializerOptions Made(JsonSerializerOptions options)
    {
        Shape(options);
        options.MakeReadOnly();
        return options;
    }
}

/// <summary>What was named is not here.</summary>
internal sealed class NotFoundException(string message) : Exception(message);
