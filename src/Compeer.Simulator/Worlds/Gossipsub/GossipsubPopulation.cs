using System.Buffers.Binary;
using System.Collections;
using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Gossipsub;

/// <summary>Honest nodes and Sybils on one topic, and what only the world knows: who got which message, and when.</summary>
public sealed class GossipsubPopulation
{
    private const string Topic = "news";
    private const int HonestLinks = 10;
    private const int LinksOfSybil = 20;
    private const int DataBytes = 512;

    private readonly Attack _attack;
    private readonly SeededRandom _random;
    private readonly GossipsubOptions _honest;
    private readonly int _nodes;
    private readonly ReadOnlyMemory<byte> _data = new byte[DataBytes];
    private readonly List<(int Author, Instant At, BitArray Got)> _messages = [];
    private readonly List<MessageId> _ids = [];
    private bool _hasFlashed;
    private int _countedFrom;

    /// <summary>The honest, connected to each other, ten connections made by each; taking part in the topic.</summary>
    public GossipsubPopulation(Attack attack, int nodes, Seed seed, int traceLines)
    {
        (_attack, _nodes, _random) = (attack, nodes, seed.Stream("gossipsub"));
        var network = new MessageNetworkOptions
        {
            Latency = new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150)), Jitter = TimeSpan.FromMilliseconds(5),
        };
        Simulation = new MessageSimulation<GossipsubRouter<int>, GossipsubRpc>(seed, network, traceLines) { AfterStep = TakeEvents };
        _honest = attack.IsScored
            ? new GossipsubOptions { IdOf = IdOf, Score = new PeerScoreOptions { AnyTopic = TopicScoreOptions.Busy } }
            : new GossipsubOptions { IdOf = IdOf, Score = null, FloodPublish = false, DegreeOutbound = 0 };
        for (int node = 0; node < nodes; node++)
            Simulation.Start(node, new GossipsubRouter<int>(_honest, _random, Simulation.Now));
        for (int node = 0; node < nodes; node++)
        {
            for (int i = 0; i < HonestLinks; i++)
                Connect(node, _random.Next(nodes));
        }
        Sybils = (int)(attack.SybilsPerHonest * nodes);
        if (attack.IsColdBoot || attack.Kind == AttackKind.CovertFlash)
            AddSybils();
        for (int node = 0; node < nodes; node++)
            Subscribe(node);
    }

    /// <summary>What runs them.</summary>
    public MessageSimulation<GossipsubRouter<int>, GossipsubRpc> Simulation { get; }

    /// <summary>How many Sybils there are.</summary>
    public int Sybils { get; }

    /// <summary>Messages that came to a node's user a second time: there must be none.</summary>
    public int DeliveredTwice { get; private set; }

    /// <summary>Seconds from publishing to each delivery.</summary>
    public List<double> Delays { get; } = [];

    /// <summary>Share of the honest nodes' mesh members that are Sybils, in the mean.</summary>
    public double SybilShare => Figures.Mean([.. Honest().Select(n => Simulation[n]!.MeshOf(Topic)).Where(m => m.Count > 0).Select(m => m.Count(p => p >= _nodes) / (double)m.Count)]);

    /// <summary>The Sybils come, connect to honest nodes at random, and want to be in every mesh.</summary>
    public void AddSybils()
    {
        // They never drop anybody, and graft whomever they can; the back-off they keep, for to break it would cost them.
        var greedy = new GossipsubOptions { IdOf = IdOf, Degree = 10_000, DegreeLow = 10_000, DegreeHigh = 10_000, DegreeOutbound = 0, Score = null };
        for (int i = 0; i < Sybils; i++)
        {
            int node = _nodes + i;
            Simulation.Start(node, new GossipsubRouter<int>(greedy, _random, Simulation.Now));
            for (int link = 0; link < LinksOfSybil; link++)
                Connect(node, _random.Next(_nodes));
            if (i < _attack.Eclipsing)
                Connect(node, 0);
            Subscribe(node);
        }
    }

    /// <summary>From now on covert Sybils forward nothing.</summary>
    public void Flash() => _hasFlashed = true;

    /// <summary>A share of the honest dies; the others notice that connections broke.</summary>
    public void Kill(double share)
    {
        int[] honest = [.. Honest()];
        _random.Shuffle(honest);
        HashSet<int> dead = [.. honest.Take((int)(share * honest.Length))];
        foreach (int node in dead)
            Simulation.Stop(node);
        foreach (int node in Honest())
        {
            foreach (int peer in dead)
                Simulation[node]!.RemovePeer(peer, Simulation.Now);
            Simulation.Pump(node);
        }
    }

    /// <summary>Connects each honest node to new ones, until it has as many as at first: what discovery would do.</summary>
    public void Reconnect()
    {
        int[] honest = [.. Honest()];
        foreach (int node in honest)
        {
            for (int i = Simulation[node]!.PeersOf(Topic).Count(); i < 2 * HonestLinks; i++)
                Connect(node, honest[_random.Next(honest.Length)]);
            Simulation.Pump(node);
        }
    }

    /// <summary>An honest node publishes.</summary>
    public void Publish()
    {
        int[] honest = [.. Honest()];
        int author = _attack.Eclipsing > 0 || _attack.Kind == AttackKind.Censor ? honest[0] : honest[_random.Next(honest.Length)];
        byte[] from = new byte[4], number = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(from, author);
        BinaryPrimitives.WriteInt64BigEndian(number, _messages.Count);
        var message = new PubsubMessage(Topic, _data) { From = from, SequenceNumber = number };
        _messages.Add((author, Simulation.Now, new BitArray(_nodes)));
        _ids.Add(GossipsubOptions.OriginStamp(message));
        Simulation[author]!.Publish(message, Simulation.Now);
        Simulation.Pump(author);
    }

    /// <summary>What is published from now on counts in the figures.</summary>
    public void Count() => _countedFrom = _messages.Count;

    /// <summary>Per cent of the honest nodes besides the author that got a message, in the mean and for the message that reached fewest.</summary>
    public (double Mean, double Least) Delivered()
    {
        int[] honest = [.. Honest()];
        double[] shares = [.. _messages.Skip(_countedFrom).Select(m => Figures.Percent(honest.Count(n => n != m.Author && m.Got[n]), honest.Count(n => n != m.Author)))];
        return (Figures.Mean(shares), shares.Min());
    }

    private IEnumerable<int> Honest() => Enumerable.Range(0, _nodes).Where(n => Simulation[n] is not null);

    private void Subscribe(int node)
    {
        Simulation[node]!.Subscribe(Topic, Simulation.Now);
        Simulation.Pump(node);
    }

    private void Connect(int dialler, int listener)
    {
        if (dialler == listener)
            return;
        Simulation[dialler]!.AddPeer(listener, PubsubVersion.Gossipsub12, isOutbound: true);
        Simulation[listener]!.AddPeer(dialler, PubsubVersion.Gossipsub12, isOutbound: false);
        Simulation.Pump(listener);
    }

    private void TakeEvents(int node, GossipsubRouter<int> router)
    {
        while (router.TryTakeEvent(out GossipsubEvent<int> e))
        {
            if (e is not GossipsubEvent<int>.Arrived arrived)
                continue;
            if (node < _nodes)
                Note(node, arrived.Message);
            router.Judge(arrived.Id, node < _nodes || Forwards(arrived.Message) ? Verdict.Accept : Verdict.Ignore, Simulation.Now);
        }
    }

    /// <summary>The origin stamp, made once for all nodes: ten million copies pass.</summary>
    private MessageId IdOf(PubsubMessage message) => _ids[NumberOf(message)];

    private static int NumberOf(PubsubMessage message) => (int)BinaryPrimitives.ReadInt64BigEndian(message.SequenceNumber);

    private bool Forwards(PubsubMessage message) => _attack.Kind switch
    {
        AttackKind.Degrade => _random.Chance(0.5),
        AttackKind.Censor => BinaryPrimitives.ReadInt32BigEndian(message.From) != 0,
        AttackKind.CovertFlash => !_hasFlashed,
        _ => false,
    };

    private void Note(int node, PubsubMessage message)
    {
        int number = NumberOf(message);
        (_, Instant at, BitArray got) = _messages[number];
        if (got[node])
            DeliveredTwice++;
        got[node] = true;
        if (number >= _countedFrom)
            Delays.Add((Simulation.Now - at).TotalSeconds);
    }
}
