using System.Text.Json;
using System.Text.Json.Serialization;

namespace Compeer.Node.State;

/// <summary>How objects stand in the state file: one line each, names in camel case, what is empty left out.</summary>
internal static class StateJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };
}
