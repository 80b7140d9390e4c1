using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Compeer.Formats.Hashing;

namespace Compeer.Node.State;

/// <summary>One line of the state file: a <see cref="ChecksummedLine"/> of a key with its value or without one.</summary>
internal static class StateLine
{
    /// <summary>The line with its end.</summary>
    public static byte[] Format(string key, string? json)
    {
        string name = JsonSerializer.Serialize(key, StateJson.Of<string>());
        return ChecksummedLine.Format(Encoding.UTF8.GetBytes(json is null ? $"{{\"k\":{name}}}" : $"{{\"k\":{name},\"v\":{json}}}"));
    }

    /// <summary>About what a line takes.</summary>
    public static long LengthOf(string key, StateStore.Place value) => key.Length + value.LengthBytes + 24;

    /// <summary>Where the value stands, of a line that begins at <paramref name="position"/>.</summary>
    public static StateStore.Place PlaceOf(long position, ReadOnlySpan<byte> line, string json)
    {
        byte[] value = Encoding.UTF8.GetBytes(json);
        return new StateStore.Place(position + line.LastIndexOf(value), value.Length);
    }

    /// <summary>Reads a line without its end; false when it is damaged.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> line, out string key, out string? json)
    {
        (key, json) = ("", null);
        if (!ChecksummedLine.IsSound(line.Span) || !Utf8.IsValid(line.Span))
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line[ChecksummedLine.PrefixBytes..]);
            key = document.RootElement.GetProperty("k").GetString() ?? "";
            json = document.RootElement.TryGetProperty("v", out JsonElement value) ? value.GetRawText() : null;
            return key.Length > 0;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }
}
