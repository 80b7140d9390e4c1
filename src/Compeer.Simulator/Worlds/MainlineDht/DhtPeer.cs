using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>A DHT node on a virtual host, and who waits for its searches.</summary>
public sealed class DhtPeer : IVirtualNode
{
    private readonly EndPointTable _endPoints;
    private readonly List<(int Search, LookupProbe Probe)> _probes = [];

    /// <summary>Puts a node on a host.</summary>
    public DhtPeer(DhtNode node, EndPointTable endPoints)
    {
        Node = node;
        _endPoints = endPoints;
    }

    /// <summary>The machine.</summary>
    public DhtNode Node { get; }

    public Instant? NextDeadline => Node.NextDeadline;

    public void Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now) => Node.Receive(datagram, NodeEndPoint.From(from), now);

    public bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now)
    {
        bool any = Node.TryTransmit(out NodeEndPoint endPoint, output);
        to = any ? _endPoints[endPoint] : null!;
        return any;
    }

    public void OnDeadline(Instant now) => Node.OnDeadline(now);

    public bool AfterStep(Instant now)
    {
        while (Node.TryTakeEvent(out DhtEvent? happened))
        {
            switch (happened)
            {
                case DhtPeersFound found when Find(found.Search) is { } probe:
                    probe.OnPeers(found.Peers, now);
                    break;
                case DhtSearchEnded ended when Find(ended.Search) is { } probe:
                    _probes.RemoveAll(p => p.Search == ended.Search);
                    probe.OnEnd(ended.Report);
                    break;
                default:
                    break;
            }
        }
        return false;
    }

    /// <summary>Lets a probe hear of a search of this node.</summary>
    public void Follow(int search, LookupProbe probe) => _probes.Add((search, probe));

    private LookupProbe? Find(int search)
    {
        foreach ((int number, LookupProbe probe) in _probes)
        {
            if (number == search)
                return probe;
        }
        return null;
    }
}
