using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Networking;

/// <summary>
/// Sites lie in eight regions of the world. A table says how long a packet takes between two regions, and each site has a line
/// of its own to its region. Some regions reach each other faster by way of a third, as in measured networks and unlike on any map.
/// </summary>
/// <remarks>The table has the size and shape of what is measured between data centres; it is not copied from one measurement.</remarks>
/// <param name="seed">Says which site lies where, and how long its line is.</param>
public sealed class RegionLatency(Seed seed) : LatencyModel
{
    private const double ShortestLineMilliseconds = 2, LongestLineMilliseconds = 60;

    /// <summary>Share of the sites: east and west of North America, Europe, South America, East Asia, South Asia, Oceania, Africa.</summary>
    private static readonly double[] Shares = [0.22, 0.10, 0.30, 0.08, 0.16, 0.09, 0.03, 0.02];

    /// <summary>Milliseconds one way between two regions, and within one.</summary>
    private static readonly double[,] Between =
    {
        { 8, 33, 42, 60, 88, 110, 100, 115 },
        { 33, 6, 70, 88, 55, 85, 70, 140 },
        { 42, 70, 8, 95, 115, 80, 150, 75 },
        { 60, 88, 95, 12, 130, 160, 155, 170 },
        { 88, 55, 115, 130, 12, 38, 55, 215 },
        { 110, 85, 80, 160, 38, 18, 50, 140 },
        { 100, 70, 150, 155, 55, 50, 10, 200 },
        { 115, 140, 75, 170, 215, 140, 200, 25 },
    };

    private readonly List<(byte Region, float Line)> _sites = [];

    public override TimeSpan OneWay(int from, int to)
    {
        (byte regionFrom, float lineFrom) = Of(from);
        (byte regionTo, float lineTo) = Of(to);
        return TimeSpan.FromMilliseconds(Between[regionFrom, regionTo] + lineFrom + lineTo);
    }

    /// <summary>The region of a site, 0 to 7.</summary>
    public int RegionOf(int site) => Of(site).Region;

    private (byte Region, float Line) Of(int site)
    {
        while (_sites.Count <= site)
            _sites.Add(Place(_sites.Count));
        return _sites[site];
    }

    private (byte Region, float Line) Place(int site)
    {
        double at = seed.Derive("region").Derive(site).Fraction;
        byte region = 0;
        while (region < Shares.Length - 1 && at >= Shares[region])
            at -= Shares[region++];
        // Most lines are short and a few are very long.
        double line = ShortestLineMilliseconds / Math.Sqrt(1 - seed.Derive("line").Derive(site).Fraction);
        return (region, (float)Math.Min(LongestLineMilliseconds, line));
    }
}
