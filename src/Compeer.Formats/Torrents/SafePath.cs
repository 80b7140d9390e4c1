using System.Globalization;
using System.Text;

namespace Compeer.Formats.Torrents;

/// <summary>
/// Makes names from the network harmless as file names on every system. The result is later checked again, against
/// the root and for links, at every open.
/// </summary>
public static class SafePath
{
    /// <summary>Longest element in bytes of UTF-8.</summary>
    public const int MaxElementBytes = 240;

    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
        "COM\u00B9", "COM\u00B2", "COM\u00B3", "LPT\u00B9", "LPT\u00B2", "LPT\u00B3",
    };

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> ReservedSpans = Reserved.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>
    /// One element: separators, control, invisible and direction-changing characters dropped, dots and spaces at the end
    /// too, "." and ".." and nothing become "_", reserved Windows names get a "_" before them, and it is cut at 240 bytes
    /// with the extension kept. Bytes that are not UTF-8 become U+FFFD. Characters that only Windows refuses (such as ':'
    /// and '?') stay: elsewhere they are ordinary, and a renamed file could not be shared from where it lies.
    /// </summary>
    public static string SanitiseElement(ReadOnlySpan<byte> element) => SanitiseElement(Encoding.UTF8.GetString(element));

    /// <inheritdoc cref="SanitiseElement(ReadOnlySpan{byte})"/>
    public static string SanitiseElement(string element)
    {
        string name = WithoutDangerous(element).TrimEnd('.', ' ');
        if (name.Length == 0 || name is "." or "..")
            return "_";
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        if (ReservedSpans.Contains(name.AsSpan(0, dot < 0 ? name.Length : dot).TrimEnd(' ')))
            name = "_" + name;
        return Cut(name);
    }

    /// <summary>Of a torrent with many files nearly every name comes back as it is, with nothing allocated.</summary>
    private static string WithoutDangerous(string element)
    {
        bool isClean = true;
        foreach (Rune rune in element.EnumerateRunes())
            isClean &= !IsDangerous(rune) && rune != Rune.ReplacementChar;
        if (isClean)
            return element;
        var kept = new StringBuilder(element.Length);
        foreach (Rune rune in element.EnumerateRunes())
        {
            if (!IsDangerous(rune))
                kept.Append(rune);
        }
        return kept.ToString();
    }

    private static bool IsDangerous(Rune rune) => rune.Value is '/' or '\\' or 0x2028 or 0x2029
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format;

    private static string Cut(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) <= MaxElementBytes)
            return name;
        int dot = name.LastIndexOf('.');
        string extension = dot > 0 && name.Length - dot <= 16 ? name[dot..] : "";
        int room = MaxElementBytes - Encoding.UTF8.GetByteCount(extension);
        var head = new StringBuilder();
        foreach (Rune rune in name.AsSpan(0, name.Length - extension.Length).EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
                break;
            head.Append(rune);
        }
        return head.ToString().TrimEnd('.', ' ') + extension;
    }
}
