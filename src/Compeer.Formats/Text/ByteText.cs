using System.Globalization;

namespace Compeer.Formats.Text;

/// <summary>Numbers of bytes as people write them: powers of 1024.</summary>
public static class ByteText
{
    /// <summary>Reads "500K", "2M", "1.5MiB", "300000"; a trailing "/s" or "B" is allowed.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string rest = text.Trim();
        if (rest.EndsWith("/s", StringComparison.OrdinalIgnoreCase))
            rest = rest[..^2];
        if (rest.EndsWith("iB", StringComparison.OrdinalIgnoreCase))
            rest = rest[..^2];
        else if (rest.EndsWith('B') || rest.EndsWith('b'))
            rest = rest[..^1];
        rest = rest.TrimEnd();
        if (rest.Length == 0)
            return false;
        int power = "KMGT".IndexOf(char.ToUpperInvariant(rest[^1]), StringComparison.Ordinal) + 1;
        if (power > 0)
            rest = rest[..^1].TrimEnd();
        if (!double.TryParse(rest, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            return false;
        value *= Math.Pow(1024, power);
        bytes = (long)value;
        return value is >= 0 and < long.MaxValue / 2;
    }
}
