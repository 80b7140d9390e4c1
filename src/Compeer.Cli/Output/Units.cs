using System.Globalization;

namespace Compeer.Cli.Output;

/// <summary>Sizes, rates, times and counts as people write and read them.</summary>
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

    /// <summary>2 of "file" -> "2 files".</summary>
    public static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    /// <summary>"2 h 05 min", "3 min 20 s", "12 s"; "?" when unknown.</summary>
    public static string Time(TimeSpan? span) => span switch
    {
        null => "?",
        { TotalDays: >= 2 } s => $"{(int)s.TotalDays} days",
        { TotalHours: >= 1 } s => $"{(int)s.TotalHours} h {s.Minutes:00} min",
        { TotalMinutes: >= 1 } s => $"{(int)s.TotalMinutes} min {s.Seconds:00} s",
        { } s => $"{(int)s.TotalSeconds} s",
    };
}
