using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Tests.Gossipsub;

/// <summary>Routers in memory, each connected to some others; every message arrives at once and is valid.</summary>
internal sealed class RouterNet
{
    public const string Topic = "t";

    private const int Links = 6;

    private readonly GossipsubRouter<int>[] _routers;
    private Instant _now = Instant.Zero + TimeSpan.FromMinutes(1);

    public RouterNet(int count, PubsubVersion version, int seed)
    {
        var random = new Random(seed);
        _routers = [.. Enumerable.Range(0, count).Select(_ => new GossipsubRouter<int>(new GossipsubOptions(), random, _now))];
        Arrived = [.. Enumerable.Range(0, count).Select(_ => new NodeLog())];
        for (int node = 0; node < count; node++)
        {
            for (int link = 0; link < Links; link++)
            {
                int other = (node + 1 + random.Next(count - 1)) % count;
                _routers[node].AddPeer(other, version, isOutbound: true);
                _routers[other].AddPeer(node, version, isOutbound: false);
            }
        }
        foreach (GossipsubRouter<int> router in _routers)
            router.Subscribe(Topic, _now);
    }

    /// <summary>What came to each.</summary>
    public NodeLog[] Arrived { get; }

    public GossipsubRouter<int> this[int node] => _routers[node];

    public void Publish(int node, PubsubMessage message)
    {
        Assert.True(_routers[node].Publish(message, _now));
        Arrived[node].Own++;
        Settle();
    }

    public void Run(TimeSpan span)
    {
        for (Instant end = _now + span; _now < end; _now += TimeSpan.FromMilliseconds(100))
        {
            foreach (GossipsubRouter<int> router in _routers)
            {
                if (router.NextDeadline <= _now)
                    router.OnDeadline(_now);
            }
            Settle();
        }
    }

    private void Settle()
    {
        for (bool moved = true; moved;)
        {
            moved = false;
            for (int node = 0; node < _routers.Length; node++)
            {
                while (_routers[node].TryTransmit(out int to, out GossipsubRpc rpc))
                {
                    moved = true;
                    _routers[to].Receive(node, rpc, _now);
                    Judge(to);
                }
            }
        }
    }

    private void Judge(int node)
    {
        while (_routers[node].TryTakeEvent(out GossipsubEvent<int> e))
        {
            if (e is not GossipsubEvent<int>.Arrived arrived)
                continue;
            Arrived[node].Ids.Add(arrived.Id);
            _routers[node].Judge(arrived.Id, Verdict.Accept, _now);
        }
    }

    internal sealed class NodeLog
    {
        public int Own { get; set; }

        public List<MessageId> Ids { get; } = [];
    }
}
