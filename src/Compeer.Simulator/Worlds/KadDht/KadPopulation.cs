using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.KadDht;

/// <summary>Nodes of libp2p's DHT in one simulated network, and searches of theirs.</summary>
internal sealed class KadPopulation
{
    private static readonly Multiaddr Somewhere = Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001");

    private readonly Dictionary<(int Node, long Search), (HashSet<PeerId> Providers, Action<int, KadSearchEnded, HashSet<PeerId>> Ended)> _searches = [];
    private readonly KadDirectory _directory;
    private readonly KadOptions _options;
    private readonly SeededRandom _random;
    private readonly int _hosts;
    private int _joins;

    /// <param name="seed">Of everything.</param>
    /// <param name="traceLines">Lines of the trace that are kept.</param>
    /// <param name="hosts">How many there are in all, up or down.</param>
    /// <param name="configure">Changes what all nodes do.</param>
    public KadPopulation(Seed seed, int traceLines, int hosts, Func<KadOptions, KadOptions>? configure = null)
    {
        _hosts = hosts;
        _random = seed.Stream("kad-dht");
        var network = new MessageNetworkOptions
        {
            Latency = new ClusteredLatency(seed.Derive("places"), 8, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(150)),
            Jitter = TimeSpan.FromMilliseconds(10), DialTimeout = TimeSpan.FromSeconds(5),
        };
        Simulation = new MessageSimulation<KadPeerMachine, KadParcel>(seed, network, traceLines) { AfterStep = TakeEvents };
        _directory = new KadDirectory(() => Simulation.Now);
        for (int i = 0; i < hosts; i++)
            _directory.Add(_random);
        _options = (configure ?? (o => o))(new KadOptions
        {
            Rules = new RecordRules(new Dictionary<string, IRecordValidator>()), AddressesOf = p => _directory.Knows(p) ? [Somewhere] : [],
            Clock = () => DateTimeOffset.UnixEpoch + Simulation.Elapsed,
        });
    }

    public MessageSimulation<KadPeerMachine, KadParcel> Simulation { get; }

    /// <summary>Told of searches that a node began by itself.</summary>
    public Action<KadSearchEnded>? OwnSearchEnded { get; set; }

    public void JoinAll(int count, TimeSpan within)
    {
        for (int i = 0; i < count; i++)
        {
            int host = i;
            Simulation.After(within * ((double)i / count), () => Join(host));
        }
    }

    /// <summary>A host comes, or comes back, with an empty table, and knows three that are up.</summary>
    public void Join(int host)
    {
        var node = new KadNode(_directory.IdOf(host), _options, new Random(++_joins));
        for (int i = 0; i < 3 && ChooseUp(host) is { } entry; i++)
            node.OnServer(_directory.IdOf(entry), Simulation.Now);
        Simulation.Start(host, new KadPeerMachine(node, _directory));
    }

    public void Advance(TimeSpan span, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 100; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Simulation.RunFor(span / 100);
        }
    }

    public PeerId IdOf(int node) => _directory.IdOf(node);

    public int NumberOf(PeerId id) => _directory.NumberOf(id);

    /// <summary>Begins a search at a node by chance.</summary>
    /// <param name="begin">Begins it.</param>
    /// <param name="ended">Told the node, the outcome and the providers when it ends; not when the node goes before.</param>
    /// <param name="except">A node that is not to search.</param>
    /// <returns>The node.</returns>
    public int Search(Func<KadNode, Instant, long> begin, Action<int, KadSearchEnded, HashSet<PeerId>> ended, int except = -1)
    {
        int node = ChooseUp(except) ?? throw new SimulationException("No node is up.");
        _searches[(node, begin(Simulation[node]!.Node, Simulation.Now))] = ([], ended);
        Simulation.Pump(node);
        return node;
    }

    /// <summary>Which share of the nodes that are up and nearest to a key are among some.</summary>
    public double ShareOfNearest(byte[] key, int asking, IReadOnlyList<PeerId> found)
    {
        Key256 place = Key256.HashOf(key);
        PeerId[] nearest = [.. Enumerable.Range(0, Simulation.Count).Where(n => n != asking && Simulation[n] is not null)
            .Order(Comparer<int>.Create((a, b) => place.CompareDistance(_directory.KeyOf(a), _directory.KeyOf(b)))).Take(KadPolicy.BucketSize).Select(IdOf)];
        return nearest.Count(found.Contains) / (double)nearest.Length;
    }

    public IEnumerable<double> Held() => Enumerable.Range(0, Simulation.Count).Where(n => Simulation[n] is not null).Select(n => (double)Simulation[n]!.Node.RecordCount);

    public IEnumerable<double> TableSizes() => Enumerable.Range(0, Simulation.Count).Where(n => Simulation[n] is not null).Select(n => (double)Simulation[n]!.Node.TableCount);

    public double QuestionsPerNodeAndMinute(int nodes) => Simulation.Sent[..8].Sum() / (double)nodes / Simulation.Elapsed.TotalMinutes;

    private int? ChooseUp(int except)
    {
        for (int i = 0; i < 1000; i++)
        {
            int host = _random.Next(_hosts);
            if (host != except && Simulation[host] is not null)
                return host;
        }
        return null;
    }

    private void TakeEvents(int host, KadPeerMachine machine)
    {
        while (machine.Node.TryTakeEvent(out KadEvent? happened))
        {
            if (!_searches.TryGetValue((host, happened.Search), out (HashSet<PeerId> Providers, Action<int, KadSearchEnded, HashSet<PeerId>> Ended) search))
            {
                if (happened is KadSearchEnded own)
                    OwnSearchEnded?.Invoke(own);
                continue;
            }
            if (happened is KadProvidersFound found)
                search.Providers.UnionWith(found.Providers.Select(p => p.Id));
            else if (happened is KadSearchEnded ended)
            {
                _searches.Remove((host, happened.Search));
                search.Ended(host, ended, search.Providers);
            }
        }
    }
}
