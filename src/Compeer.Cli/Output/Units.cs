using System.Globalization;

namespace Compeer.Cli.Output;

/// <summary>Sizes, rates and times as people write and read them.</summary>
internal static class Units
{
    private static readonly string[] Names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>1536 -> "1.5 KiB".</summary>
    public static string Size(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < Names.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? $"{bytes} B" : value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + Names[unit];
    }

    /// <summary>Bytes per second -> "1.5 MiB/s".</summary>
    public static string Rate(long bytesPerSecond) => Size(bytesPerSecond) + "/s";

    /// <summary>"2 h 05 min", "3 min 20 s", "12 s"; "?" when unknown.</summary>
    public static string Time(TimeSpan? span) => span switch
    {
        null => "?",
        { TotalDays: >= 2 } s => $"{(int)s.TotalDays} days",
        { TotalHours: >= 1 } s => $"{(int)s.TotalHours} h {s.Minutes:00} min",
        { TotalMinutes: >= 1 } s => $"{(int)s.TotalMinutes} min {s.Seconds:00} s",
        { } s => $"{(int)s.TotalSeconds} s",
    };

    /// <summary>Reads "500K", "2M", "1.5MiB", "300000" as bytes (powers of 1024); a trailing "/s" or "B" is allowed.</summary>
    public static bool TryParseBytes(string text, out long bytes)
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
