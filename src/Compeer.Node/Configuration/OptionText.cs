using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Formats.Text;

namespace Compeer.Node.Configuration;

/// <summary>Values of options as text, as people write them, and as JSON. Text is the form in which they are kept: numbers as plain digits.</summary>
public static class OptionText
{
    /// <summary>Brings a value into the form in which it is kept.</summary>
    /// <param name="option">Whose value it is.</param>
    /// <param name="text">What a person wrote.</param>
    /// <param name="value">The value; the default's when it cannot be used.</param>
    /// <returns>What is wrong, in words; null when nothing is.</returns>
    public static string? TryRead(NodeOption option, string text, out string value)
    {
        value = text.Trim();
        string? problem = option.Kind switch
        {
            OptionKind.Bool => ReadBool(ref value),
            OptionKind.Int => ReadNumber(option, ref value),
            OptionKind.Bytes or OptionKind.Rate => ReadBytes(option, ref value),
            OptionKind.Duration => ReadDuration(option, ref value),
            OptionKind.Choice => ReadChoice(option, ref value),
            OptionKind.Path => value.Contains('\0', StringComparison.Ordinal) ? "it holds a zero character, which no path can" : null,
            _ => value.Length > 4096 ? "it is longer than 4096 characters" : value.Any(char.IsControl) ? "it holds control characters" : null,
        };
        problem ??= option.Check?.Invoke(value);
        if (problem is not null)
            value = option.Default;
        return problem;
    }

    /// <summary>Reads a value of the configuration file or the API.</summary>
    public static string? TryRead(NodeOption option, JsonElement json, out string value)
    {
        value = option.Default;
        return json.ValueKind switch
        {
            JsonValueKind.String => TryRead(option, json.GetString()!, out value),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => TryRead(option, json.GetRawText(), out value),
            JsonValueKind.Array => TryRead(option, string.Join(',', json.EnumerateArray().Select(e => e.ToString())), out value),
            _ => "it must be text, a number, true or false",
        };
    }

    /// <summary>The value as JSON: numbers and truth values as such.</summary>
    public static JsonNode ToJson(NodeOption option, string value) => option.Kind switch
    {
        OptionKind.Bool => JsonValue.Create(value == "true"),
        OptionKind.Int or OptionKind.Bytes or OptionKind.Rate or OptionKind.Duration => JsonValue.Create(long.Parse(value, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(value),
    };

    private static string? ReadBool(ref string value)
    {
        bool? parsed = value.ToUpperInvariant() switch
        {
            "TRUE" or "YES" or "ON" or "1" => true,
            "FALSE" or "NO" or "OFF" or "0" => false,
            _ => null,
        };
        value = parsed == true ? "true" : "false";
        return parsed is null ? "it must be true or false" : null;
    }

    private static string? ReadNumber(NodeOption option, ref string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? InRange(option, number, ref value) : "it must be a whole number";

    private static string? ReadBytes(NodeOption option, ref string value) =>
        ByteText.TryParse(value, out long bytes) ? InRange(option, bytes, ref value) : "it must be a number of bytes such as 300000, 500K or 2M";

    private static string? ReadDuration(NodeOption option, ref string value)
    {
        int scale = value.Length == 0 ? 1 : value[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        string digits = scale == 0 ? value : value.TrimEnd('s', 'm', 'h', 'd');
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number < int.MaxValue
            ? InRange(option, number * Math.Max(1, scale), ref value)
            : "it must be a number of seconds, or such as 90s, 5m, 2h or 1d";
    }

    private static string? ReadChoice(NodeOption option, ref string value)
    {
        string given = value;
        value = option.Choices.FirstOrDefault(c => c.Equals(given, StringComparison.OrdinalIgnoreCase)) ?? "";
        return value.Length > 0 ? null : $"it must be one of {string.Join(", ", option.Choices)}";
    }

    private static string? InRange(NodeOption option, long number, ref string value)
    {
        value = number.ToString(CultureInfo.InvariantCulture);
        return number < option.Min || number > option.Max ? $"it must be within {option.Min}..{option.Max}" : null;
    }
}
