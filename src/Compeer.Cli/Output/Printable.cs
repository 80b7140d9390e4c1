using System.Globalization;
using System.Text;

namespace Compeer.Cli.Output;

/// <summary>Text from the network as text only: nothing in it can move the cursor, change colours or reverse the line.</summary>
internal static class Printable
{
    private const int MaxLength = 400;

    /// <summary>The same text with control, format and unassigned characters shown as '\uFFFD', cut at 400 characters.</summary>
    public static string Text(string text)
    {
        var safe = new StringBuilder(Math.Min(text.Length, MaxLength));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (safe.Length >= MaxLength)
                return safe.Append('…').ToString();
            safe.Append(IsSafe(rune) ? rune.ToString() : "\uFFFD");
        }
        return safe.ToString();
    }

    private static bool IsSafe(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
