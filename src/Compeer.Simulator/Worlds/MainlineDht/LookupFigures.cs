namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>Turns watched lookups into a row.</summary>
public static class LookupFigures
{
    /// <summary>The row of some lookups.</summary>
    public static WorldRow Row(string name, IReadOnlyList<LookupProbe> probes)
    {
        List<LookupProbe> ended = [.. probes.Where(p => p.Report is not null)];
        List<LookupProbe> found = [.. probes.Where(p => p.FirstPeer is not null)];
        double[] first = [.. found.Select(p => p.FirstPeer!.Value.TotalMilliseconds).Order()];
        double[] end = [.. ended.Select(p => p.Report!.Duration.TotalMilliseconds).Order()];
        return new WorldRow(name)
            .With("lookups", probes.Count)
            .With("success %", probes.Count == 0 ? 0 : 100.0 * found.Count / probes.Count, "0.00")
            .With("hops", Mean(ended, p => p.Report!.Hops), "0.00")
            .With("messages", Mean(ended, p => p.Report!.Asked + p.Report.Replied), "0.0")
            .With("unanswered", Mean(ended, p => p.Report!.Asked - p.Report.Replied), "0.0")
            .With("first p50 ms", Figures.Quantile(first, 0.5))
            .With("first p95 ms", Figures.Quantile(first, 0.95))
            .With("end p50 ms", Figures.Quantile(end, 0.5))
            .With("end p95 ms", Figures.Quantile(end, 0.95));
    }

    private static double Mean(List<LookupProbe> probes, Func<LookupProbe, double> value) => probes.Count == 0 ? 0 : probes.Average(value);
}
