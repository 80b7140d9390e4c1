using System.Globalization;

namespace Compeer.Simulator.Plotting;

/// <summary>What was measured at one place of an axis: the median of the rounds and their range.</summary>
public readonly record struct Measured(double X, double Median, double Least, double Most);

/// <summary>Measurements to be drawn; as text, a header "series,AXIS,AXIS", then a line a round.</summary>
/// <param name="XLabel">What the second column is, with its unit.</param>
/// <param name="YLabel">What the third column is, with its unit.</param>
/// <param name="Series">By name, in the order of their first lines; by x within.</param>
public sealed record Measurements(string XLabel, string YLabel, IReadOnlyList<(string Name, Measured[] Points)> Series)
{
    /// <exception cref="FormatException">A line is not of this form; the message names it.</exception>
    public static Measurements Parse(IReadOnlyList<string> lines)
    {
        if (lines.Count == 0 || lines[0].Split(',') is not ["series", var x, var y])
            throw new FormatException("The first line is not \"series,AXIS,AXIS\".");
        return new(x, y, [.. lines.Skip(1).Where(line => line.Length > 0).Select(Line).GroupBy(l => l.Series).Select(g => (g.Key, Points(g)))]);
    }

    private static (string Series, double X, double Y) Line(string line) =>
        line.Split(',') is [var series, var first, var second] && TryNumber(first, out double x) && TryNumber(second, out double y)
            ? (series, x, y)
            : throw new FormatException($"\"{line}\" is not \"NAME,NUMBER,NUMBER\".");

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static Measured[] Points(IEnumerable<(string Series, double X, double Y)> lines) =>
        [.. lines.GroupBy(l => l.X, l => l.Y).OrderBy(g => g.Key).Select(g => Summary(g.Key, [.. g.Order()]))];

    private static Measured Summary(double x, double[] sorted) =>
        new(x, (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
}
