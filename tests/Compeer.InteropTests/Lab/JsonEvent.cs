using System.Text.Json;

namespace Compeer.InteropTests.Lab;

/// <summary>One line: the event's name, when it arrived, and its values.</summary>
public sealed record JsonEvent(string Name, DateTimeOffset At, JsonElement Values)
{
    public static JsonEvent? TryParse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("event", out JsonElement name) && name.GetString() is { } text
                ? new JsonEvent(text, DateTimeOffset.UtcNow, document.RootElement.Clone())
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A text value; empty when absent or null.</summary>
    public string Text(string key) => Values.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>A number. Throws when absent: a test must not pass because a figure is missing.</summary>
    public double Number(string key) => Values.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        ? value.GetDouble()
        : throw new LabException($"The event '{Name}' has no number '{key}': {Values}");

    /// <summary>True or false. Throws when absent.</summary>
    public bool Flag(string key) => Values.TryGetProperty(key, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : throw new LabException($"The event '{Name}' does not say whether '{key}': {Values}");

    public long Bytes(string key) => (long)Number(key);
}
