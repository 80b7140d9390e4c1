using System.Globalization;

namespace Compeer.Simulator.Plotting;

/// <summary>Maps values to places between two ends of a picture, evenly or by their logarithm, and names round values between.</summary>
internal sealed class PlotAxis
{
    private readonly bool _logarithmic;
    private readonly double _low;
    private readonly double _high;
    private readonly double _from;
    private readonly double _to;

    /// <param name="values">What must fit. A logarithmic axis takes positive ones only; an even one begins at 0.</param>
    /// <param name="logarithmic">Whether each step multiplies instead of adding.</param>
    /// <param name="from">Place of the lowest value.</param>
    /// <param name="to">Place of the highest value.</param>
    /// <exception cref="FormatException">There is nothing to show, or a value that a logarithmic axis cannot take.</exception>
    public PlotAxis(IReadOnlyCollection<double> values, bool logarithmic, double from, double to)
    {
        if (values.Count == 0)
            throw new FormatException("There are no measurements.");
        if (values.Min() < 0 || (logarithmic && values.Min() <= 0))
            throw new FormatException($"{values.Min()} has no place on an axis of values from 0 up{(logarithmic ? ", 0 excluded" : "")}.");
        (_logarithmic, _from, _to) = (logarithmic, from, to);
        Ticks = logarithmic ? Powers(values.Min(), values.Max()) : Steps(values.Max());
        (_low, _high) = (Scale(Ticks[0]), Scale(Ticks[^1]));
        if (_high <= _low)
            _high = _low + 1;
    }

    /// <summary>The round values from end to end, ascending.</summary>
    public IReadOnlyList<double> Ticks { get; }

    public double Place(double value) => _from + ((Scale(value) - _low) / (_high - _low) * (_to - _from));

    public static string Label(double value) => value >= 10_000 && value % 1000 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{value / 1000:#,0}k")
        : value.ToString("0.###", CultureInfo.InvariantCulture);

    private double Scale(double value) => _logarithmic ? Math.Log2(value) : value;

    /// <summary>Powers of two, so many apart that there are at most eight.</summary>
    private static double[] Powers(double min, double max)
    {
        int first = (int)Math.Floor(Math.Log2(min)), last = (int)Math.Ceiling(Math.Log2(max));
        int step = Math.Max(1, (last - first + 7) / 8);
        return [.. Enumerable.Range(0, ((last - first + step - 1) / step) + 1).Select(i => Math.Pow(2, first + (i * step)))];
    }

    /// <summary>0 and steps of 1, 2 or 5 times a power of ten, at most seven.</summary>
    private static double[] Steps(double max)
    {
        double rough = Math.Max(max, 1e-9) / 6, unit = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = unit * new double[] { 1, 2, 5, 10 }.First(m => m * unit >= rough * 0.999);
        return [.. Enumerable.Range(0, (int)Math.Ceiling((max / step) - 0.001) + 1).Select(i => i * step)];
    }
}
