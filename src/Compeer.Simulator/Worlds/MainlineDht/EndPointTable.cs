using System.Net;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>One object for each endpoint of a world, so that naming a receiver allocates nothing.</summary>
public sealed class EndPointTable
{
    private const int MaxKnown = 1_000_000;

    private readonly Dictionary<NodeEndPoint, IPEndPoint> _known = [];

    /// <summary>Lets the table give a host's own endpoint, by which the network finds it at once.</summary>
    public void Add(VirtualHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        _known[NodeEndPoint.From(host.EndPoint)] = host.EndPoint;
    }

    /// <summary>The endpoint as the network takes it.</summary>
    public IPEndPoint this[NodeEndPoint endPoint]
    {
        get
        {
            if (_known.TryGetValue(endPoint, out IPEndPoint? known))
                return known;
            known = endPoint.ToIPEndPoint();
            // Liars may name any number of addresses; those are made anew each time.
            if (_known.Count < MaxKnown)
                _known[endPoint] = known;
            return known;
        }
    }
}
