using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Messaging;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.KadDht;

/// <summary>libp2p's DHT, the very node that hosts run, while nodes come and go.</summary>
public sealed class KadDhtChurnWorld : World
{
    private const int MaxProbes = 300;

    private static readonly TimeSpan Joining = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Turning = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Waiting = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Looking = TimeSpan.FromMinutes(3);
    private static readonly Multiaddr Somewhere = Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001");

    public override string Name => "kad-dht-churn";

    public override string Summary => "libp2p's DHT (k = 20, alpha = 10) at rest, and with sessions of 60 and 20 minutes in the median: lookups, and providers told ten minutes before.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "success %", "nearest 20 found %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [(o, t) => Measure(o, "at rest", null, t), (o, t) => Measure(o, "60 min median", 60, t), (o, t) => Measure(o, "20 min median", 20, t)];

    private static CaseReport Measure(WorldOptions options, string name, int? median, CancellationToken cancellationToken)
    {
        int probes = Math.Min(MaxProbes, options.Nodes);
        var population = new Population(options.Seed.Derive(name), options.TraceLines, 2 * options.Nodes);
        population.JoinAll(options.Nodes, Joining);
        population.Advance(Joining, cancellationToken);
        if (median is { } minutes)
        {
            var churn = new ChurnOptions { MedianSession = TimeSpan.FromMinutes(minutes), MedianAbsence = TimeSpan.FromMinutes(minutes) };
            Instant now = population.Simulation.Now;
            ChurnTrace trace = ChurnTrace.Draw(options.Seed.Derive("churn"), churn, 2 * options.Nodes, options.Nodes, now, now + Turning + Waiting + Looking);
            population.Simulation.Follow(trace, population.Join, _ => { });
        }
        population.Advance(Turning, cancellationToken);

        var provided = new List<(int Node, Multihash Content)>();
        for (int i = 0; i < probes; i++)
        {
            Multihash content = Multihash.Sha256(BitConverter.GetBytes(i));
            provided.Add((population.Search((n, now) => n.Provide(content, now), (_, _, _) => { }), content));
        }
        population.Advance(Waiting, cancellationToken);

        provided.RemoveAll(p => population.Simulation[p.Node] is null);
        List<KadSearchEnded> found = [], closest = [];
        int right = 0, asked = provided.Count;
        foreach ((int provider, Multihash content) in provided)
        {
            population.Search((n, now) => n.GetProviders(content, 1, now), (_, ended, providers) =>
            {
                right += providers.Contains(population.IdOf(provider)) ? 1 : 0;
                found.Add(ended);
            }, except: provider);
        }
        double share = 0;
        for (int i = 0; i < probes; i++)
        {
            byte[] key = Multihash.Sha256(BitConverter.GetBytes(~i)).Bytes.ToArray();
            population.Search((n, now) => n.FindClosest(key, now), (asking, ended, _) =>
            {
                share += population.ShareOfNearest(key, asking, ended.Closest);
                closest.Add(ended);
            });
        }
        population.Advance(Looking, cancellationToken);
        // Who asks may go before it has its answer; that is no failure of the network.
        asked -= provided.Count - found.Count;
        WorldRow[] rows =
        [
            new WorldRow($"{name}: providers").With("success %", Figures.Percent(right, asked), "0.0")
                .Spread("questions", found.Select(f => (double)f.Asked), "0").Spread("answered %", found.Select(f => Figures.Percent(f.Replied, f.Asked)), "0"),
            new WorldRow($"{name}: closest").With("nearest 20 found %", 100 * share / Math.Max(1, closest.Count), "0.0").Spread("questions", closest.Select(c => (double)c.Asked), "0")
                .Spread("hops", closest.Select(c => (double)c.Hops), "0.0").Spread("table", population.TableSizes(), "0")
                .With("questions a node and minute", population.QuestionsPerNodeAndMinute(options.Nodes), "0.0"),
        ];
        return CaseReport.Of(name, population.Simulation, rows);
    }

    private sealed class Population
    {
        private readonly Dictionary<(int Node, long Search), (HashSet<PeerId> Providers, Action<int, KadSearchEnded, HashSet<PeerId>> Ended)> _searches = [];
        private readonly KadDirectory _directory;
        private readonly KadOptions _options;
        private readonly SeededRandom _random;
        private readonly int _hosts;
        private int _joins;

        public Population(Seed seed, int traceLines, int hosts)
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
            _options = new KadOptions { Rules = new RecordRules(new Dictionary<string, IRecordValidator>()), AddressesOf = p => _directory.Knows(p) ? [Somewhere] : [], Clock = () => DateTimeOffset.UnixEpoch };
        }

        public MessageSimulation<KadPeerMachine, KadParcel> Simulation { get; }

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
                    continue;
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
}
