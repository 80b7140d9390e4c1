using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Simulator.Faults;

namespace Compeer.Simulator.Worlds.KadDht;

/// <summary>libp2p's DHT, the very node that hosts run, while nodes come and go.</summary>
public sealed class KadDhtChurnWorld : World
{
    private const int MaxProbes = 300;

    private static readonly TimeSpan Joining = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Turning = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Waiting = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Looking = TimeSpan.FromMinutes(3);

    public override string Name => "kad-dht-churn";

    public override string Summary => "libp2p's DHT (k = 20, alpha = 10) at rest, and with sessions of 60 and 20 minutes in the median: lookups, and providers told ten minutes before.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "success %", "nearest 20 found %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [(o, t) => Measure(o, "at rest", null, t), (o, t) => Measure(o, "60 min median", 60, t), (o, t) => Measure(o, "20 min median", 20, t)];

    private static CaseReport Measure(WorldOptions options, string name, int? median, CancellationToken cancellationToken)
    {
        int probes = Math.Min(MaxProbes, options.Nodes);
        var population = new KadPopulation(options.Seed.Derive(name), options.TraceLines, 2 * options.Nodes);
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
}
