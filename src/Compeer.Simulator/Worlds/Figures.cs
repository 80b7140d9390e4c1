namespace Compeer.Simulator.Worlds;

/// <summary>Sums up many measured values.</summary>
public static class Figures
{
    /// <summary>Mean, median and 95th percentile as columns of a row.</summary>
    public static WorldRow Spread(this WorldRow row, string name, IEnumerable<double> values, string format = "0.00")
    {
        ArgumentNullException.ThrowIfNull(row);
        double[] sorted = [.. values.Order()];
        return row.With(name, Mean(sorted), format).With($"{name} p50", Quantile(sorted, 0.5), format).With($"{name} p95", Quantile(sorted, 0.95), format);
    }

    /// <summary>The mean; 0 of nothing.</summary>
    public static double Mean(IReadOnlyCollection<double> values) => values.Count == 0 ? 0 : values.Average();

    /// <summary>The smallest value that at least this share of the values do not exceed; 0 of nothing.</summary>
    public static double Quantile(double[] sorted, double share)
    {
        ArgumentNullException.ThrowIfNull(sorted);
        return sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>A part of a whole in per cent; 0 of nothing.</summary>
    public static double Percent(double part, double whole) => whole == 0 ? 0 : 100 * part / whole;
}
