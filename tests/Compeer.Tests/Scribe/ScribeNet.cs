using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;

namespace Compeer.Tests.Scribe;

/// <summary>Some nodes of Scribe that hear each other at once, and whose time is driven.</summary>
internal sealed class ScribeNet
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly SortedDictionary<int, ScribeNode<int>> _nodes = [];
    private readonly ScribeOptions _options;
    private readonly Random _random = new(7);

    public ScribeNet(int nodes, ScribeOptions? options = null)
    {
        _options = options ?? new ScribeOptions();
        for (int node = 0; node < nodes; node++)
        {
            Add(node);
            Settle();
        }
        Run(TimeSpan.FromMinutes(2));
    }

    /// <summary>A key whose digits have four values, so that trees of few nodes have several levels.</summary>
    public static RingKey Narrow(RingKey key) => new(key.Value & (UInt128.MaxValue / 5));

    public Instant Now { get; private set; } = Instant.Zero + TimeSpan.FromHours(1);

    public ScribeNode<int> this[int node] => _nodes[node];

    public IEnumerable<int> Up => _nodes.Keys;

    public void Add(int node)
    {
        var self = new RingContact<int>(Narrow(RingKey.NewRandom(_random)), node);
        // Some are near to one and some to another; else all would have the same parent.
        var routing = new PastryNode<int>(self, new PastryOptions { LeafSet = 4, MaintainEvery = TimeSpan.FromSeconds(20) }, _random, Now, peer => ((node * 7919) ^ (peer * 104729)) % 1009);
        if (_nodes.Count == 0)
            routing.BeginAlone();
        else
            routing.Join(_nodes.Values.First().Routing.Self, Now);
        _nodes.Add(node, new ScribeNode<int>(routing, _options));
    }

    /// <summary>Ends a node without a word.</summary>
    public void Kill(int node) => _nodes.Remove(node);

    /// <summary>The node that knows of none nearer to a key.</summary>
    public int RootOf(RingKey group) => _nodes.Values.MinBy(n => n.Routing.Self.Key.DistanceTo(group))!.Routing.Self.Peer;

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan span)
    {
        for (Instant end = Now + span; Now < end;)
        {
            Now += Tick;
            foreach (ScribeNode<int> node in _nodes.Values)
            {
                if (node.NextDeadline <= Now)
                    node.OnDeadline(Now);
            }
            Settle();
        }
    }

    /// <summary>Carries messages until nobody has one.</summary>
    public void Settle()
    {
        for (int turns = 0; turns < 10_000; turns++)
        {
            bool isQuiet = true;
            foreach ((int from, ScribeNode<int> node) in _nodes)
            {
                while (node.TryTransmit(out int to, out ScribeMessage<int> message))
                {
                    isQuiet = false;
                    if (_nodes.TryGetValue(to, out ScribeNode<int>? receiver))
                        receiver.Receive(from, message, Now);
                    else
                        node.OnUndelivered(to, message, Now);
                }
            }
            if (isQuiet)
                return;
        }
        Assert.Fail("The nodes talk without end.");
    }
}
