using System.Globalization;
using System.Text;
using System.Text.Json;
using Compeer.Formats.Hashing;

namespace Compeer.Node.State;

/// <summary>One line of the state file: a checksum, and a key with its value or without one.</summary>
internal static class StateLine
{
    private const int ChecksumDigits = 8;

    /// <summary>The line with its end.</summary>
    public static string Format(string key, string? json)
    {
        string name = JsonSerializer.Serialize(key, StateJson.Options);
        string body = json is null ? $"{{\"k\":{name}}}" : $"{{\"k\":{name},\"v\":{json}}}";
        return $"{Checksum(body):x8} {body}\n";
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
    public static bool TryParse(string line, out string key, out string? json)
    {
        (key, json) = ("", null);
        if (line.Length < ChecksumDigits + 2 || line[ChecksumDigits] != ' '
            || !uint.TryParse(line.AsSpan(0, ChecksumDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint checksum))
            return false;
        string body = line[(ChecksumDigits + 1)..];
        if (Checksum(body) != checksum)
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            key = document.RootElement.GetProperty("k").GetString() ?? "";
            json = document.RootElement.TryGetProperty("v", out JsonElement value) ? value.GetRawText() : null;
            return key.Length > 0;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }

    private static uint Checksum(string body) => Crc32.Of(Encoding.UTF8.GetBytes(body));
}
