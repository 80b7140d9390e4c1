namespace Compeer.Simulator.Networking;

/// <summary>Remembers where each site is in the unit square.</summary>
/// <param name="place">Gives a site's place; pure.</param>
internal sealed class SitePositions(Func<int, (double X, double Y)> place)
{
    private readonly List<(double X, double Y)> _known = [];

    public double Distance(int a, int b)
    {
        (double ax, double ay) = Of(a);
        (double bx, double by) = Of(b);
        return Math.Sqrt(((ax - bx) * (ax - bx)) + ((ay - by) * (ay - by)));
    }

    private (double X, double Y) Of(int site)
    {
        while (_known.Count <= site)
            _known.Add(place(_known.Count));
        return _known[site];
    }
}
