using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Compeer.Node.Intake;
using Compeer.Node.Security;
using Compeer.Node.Torrents;

namespace Compeer.Node.State;

/// <summary>How objects stand in the state file: one line each, names in camel case, what is empty left out.</summary>
internal static class StateJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        TypeInfoResolver = StateJsonContext.Default,
    };

    /// <summary>How an object of that type is read and written.</summary>
    /// <exception cref="NotSupportedException">The type is none of <see cref="StateJsonContext"/>.</exception>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}

/// <summary>
/// The types of which the state holds objects. Their code is made at the build, and sets every property that has an init accessor: what a
/// line does not name becomes the default of its type, whatever the initialiser says.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(TorrentRecord))]
[JsonSerializable(typeof(TakersRecord))]
[JsonSerializable(typeof(Access.Session))]
[JsonSerializable(typeof(ApiKey))]
[JsonSerializable(typeof(PasswordHash))]
[JsonSerializable(typeof(AlternateLimits))]
[JsonSerializable(typeof(SpeedLimits.Rules))]
[JsonSerializable(typeof(WatchFolder))]
[JsonSerializable(typeof(Feed))]
internal sealed partial class StateJsonContext : JsonSerializerContext;
