using System.Buffers;
using System.Net;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.MainlineDht;

/// <summary>A few DHT nodes on a perfect network with a delay of 20 ms, driven by hand.</summary>
internal sealed class DhtNetwork(int seed)
{
    private readonly PriorityQueue<(NodeEndPoint From, NodeEndPoint To, byte[] Datagram), (long, int)> _underWay = new();
    private readonly Random _random = new(seed);
    private int _sent;

    public Dictionary<NodeEndPoint, DhtNode> Nodes { get; } = [];

    public Dictionary<NodeEndPoint, List<DhtEvent>> Events { get; } = [];

    /// <summary>Datagrams from and to endpoints that are no nodes here.</summary>
    public List<(NodeEndPoint From, NodeEndPoint To, byte[] Datagram)> Outside { get; } = [];

    /// <summary>Told of every datagram that is sent.</summary>
    public Action<NodeEndPoint, NodeEndPoint, byte[]>? Sending { get; set; }

    public Instant Now { get; private set; } = new(TimeSpan.TicksPerHour);

    public static NodeEndPoint EndPoint(int number) => NodeEndPoint.From(new IPEndPoint(new IPAddress([45, (byte)(number / 250), (byte)(number % 250), 7]), 6881));

    public static DhtNetwork Started(int nodes, int seed)
    {
        var network = new DhtNetwork(seed);
        NodeEndPoint first = network.Add(0);
        for (int i = 1; i < nodes; i++)
            network.Nodes[network.Add(i)].Bootstrap([first], network.Now);
        network.Run(TimeSpan.FromMinutes(2));
        return network;
    }

    public NodeEndPoint Add(int number, DhtOptions? options = null)
    {
        NodeEndPoint endpoint = EndPoint(number);
        Nodes[endpoint] = new DhtNode(DhtNodeId.Create(endpoint, _random), false, options ?? new DhtOptions(), OpenSslEd25519.Instance, new Random(_random.Next()), Now);
        Events[endpoint] = [];
        return endpoint;
    }

    public void Send(NodeEndPoint from, NodeEndPoint to, byte[] datagram)
    {
        Sending?.Invoke(from, to, datagram);
        _underWay.Enqueue((from, to, datagram), (Now.Ticks + 20 * TimeSpan.TicksPerMillisecond, _sent++));
    }

    public void Run(TimeSpan duration)
    {
        Instant end = Now + duration;
        Drain();
        while (true)
        {
            Instant next = Nodes.Values.Aggregate(Instant.Never, (i, n) => Instant.Min(i, n.NextDeadline));
            if (_underWay.TryPeek(out _, out (long Ticks, int) first))
                next = Instant.Min(next, new Instant(first.Ticks));
            if (next > end)
                break;
            Now = next > Now ? next : Now;
            foreach (DhtNode node in Nodes.Values.Where(n => n.NextDeadline <= Now))
                node.OnDeadline(Now);
            while (_underWay.TryPeek(out _, out first) && first.Ticks <= Now.Ticks)
            {
                (NodeEndPoint from, NodeEndPoint to, byte[] datagram) = _underWay.Dequeue();
                if (Nodes.TryGetValue(to, out DhtNode? node))
                    node.Receive(datagram, from, Now);
                else
                    Outside.Add((from, to, datagram));
            }
            Drain();
        }
        Now = end;
    }

    private void Drain()
    {
        var output = new ArrayBufferWriter<byte>();
        foreach ((NodeEndPoint endpoint, DhtNode node) in Nodes)
        {
            while (node.TryTransmit(out NodeEndPoint to, output))
            {
                Send(endpoint, to, output.WrittenSpan.ToArray());
                output.ResetWrittenCount();
            }
            while (node.TryTakeEvent(out DhtEvent? happened))
                Events[endpoint].Add(happened);
        }
    }
}
