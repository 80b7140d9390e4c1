using System.Text;
using System.Text.Json;
using Compeer.Formats.Multiformats;

namespace Compeer.Cli.Commands;

/// <summary>What somebody wants of a node: one JSON object with "do" and its values.</summary>
internal readonly record struct LabOrder(JsonElement Values)
{
    /// <summary>What to do.</summary>
    public string Name => Text("do");

    /// <summary>A text.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public string Text(string key) => Values.ValueKind == JsonValueKind.Object && Values.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new FormatException($"The order has no text \"{key}\".");

    /// <summary>A text that is not empty and has at most so many bytes in UTF-8.</summary>
    /// <exception cref="FormatException">There is none, or a longer one.</exception>
    public string Text(string key, int mostBytes) => Text(key) is { Length: > 0 } text && Encoding.UTF8.GetByteCount(text) <= mostBytes
        ? text
        : throw new FormatException($"\"{key}\" is empty or longer than {mostBytes} bytes.");

    /// <summary>A text, or another where there is none.</summary>
    public string Text(string key, string otherwise) => Values.TryGetProperty(key, out _) ? Text(key) : otherwise;

    /// <summary>A number from 1 to <paramref name="most"/>, or another where there is none.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public int Number(string key, int otherwise, int most)
    {
        if (!Values.TryGetProperty(key, out JsonElement value))
            return otherwise;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= most
            ? number
            : throw new FormatException($"\"{key}\" is not a number from 1 to {most}.");
    }

    /// <summary>A number of any kind, between bounds that are each other's negative.</summary>
    /// <exception cref="FormatException">There is none, or another.</exception>
    public double Value(string key, double most) =>
        Values.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && Math.Abs(number) <= most
            ? number
            : throw new FormatException($"\"{key}\" is not a number from -{most} to {most}.");

    /// <summary>A peer id.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public PeerId Peer(string key) => PeerId.Parse(Text(key));
}
