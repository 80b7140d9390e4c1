using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Networking;

/// <summary>How far sites are from each other. Pure: the same two sites are always equally far.</summary>
public abstract class LatencyModel
{
    /// <summary>One-way time between two sites (hosts, or NATs with all that is behind them).</summary>
    public abstract TimeSpan OneWay(int from, int to);
}

/// <summary>Everybody is equally far.</summary>
/// <param name="oneWay">The one-way time.</param>
public sealed class ConstantLatency(TimeSpan oneWay) : LatencyModel
{
    public override TimeSpan OneWay(int from, int to) => oneWay;
}

/// <summary>Sites are strewn over a square; time grows with the distance. The farthest corners are <c>diameter</c> apart.</summary>
/// <param name="seed">Places the sites.</param>
/// <param name="nearest">Time between two sites at one place.</param>
/// <param name="diameter">What the longest distance adds.</param>
public sealed class PlaneLatency(Seed seed, TimeSpan nearest, TimeSpan diameter) : LatencyModel
{
    private readonly SitePositions _positions = new(site => (seed.Derive("x").Derive(site).Fraction, seed.Derive("y").Derive(site).Fraction));

    public override TimeSpan OneWay(int from, int to) =>
        nearest + TimeSpan.FromTicks((long)(diameter.Ticks * _positions.Distance(from, to) / Math.Sqrt(2)));
}

/// <summary>Sites crowd in regions of a square, as people do on continents: near within one, far between two.</summary>
/// <param name="seed">Places the regions and the sites.</param>
/// <param name="regions">How many regions.</param>
/// <param name="nearest">Time between two sites at one place.</param>
/// <param name="diameter">What the longest distance adds.</param>
public sealed class ClusteredLatency(Seed seed, int regions, TimeSpan nearest, TimeSpan diameter) : LatencyModel
{
    private const double RegionWidth = 0.1;

    private readonly SitePositions _positions = new(site =>
    {
        Seed region = seed.Derive("region").Derive((int)(seed.Derive("member").Derive(site).Fraction * regions));
        double x = region.Derive("x").Fraction, y = region.Derive("y").Fraction;
        return ((x * (1 - RegionWidth)) + (seed.Derive("x").Derive(site).Fraction * RegionWidth),
            (y * (1 - RegionWidth)) + (seed.Derive("y").Derive(site).Fraction * RegionWidth));
    });

    public override TimeSpan OneWay(int from, int to) =>
        nearest + TimeSpan.FromTicks((long)(diameter.Ticks * _positions.Distance(from, to) / Math.Sqrt(2)));
}
