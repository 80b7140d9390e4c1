using System.Globalization;
using System.Text;

namespace Compeer.Protocols.Trackers;

/// <summary>Makes text from a tracker fit to show: one line, no control or direction-changing characters, bounded.</summary>
internal static class RemoteText
{
    private const int MaxChars = 200;

    public static string Clean(ReadOnlySpan<byte> utf8)
    {
        // Four bytes a character at most: nothing beyond this can be shown.
        string text = Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * MaxChars)]);
        var clean = new StringBuilder(Math.Min(text.Length, MaxChars));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length >= MaxChars)
                break;
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                clean.Append(' ');
            else if (category is not (UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned))
                clean.Append(rune.ToString());
        }
        return clean.ToString().Trim();
    }
}
