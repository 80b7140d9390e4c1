using System.Text;
using Compeer.Protocols.KadDht;

namespace Compeer.Simulator.Worlds.KadDht;

/// <summary>Values of libp2p's DHT whose authors have gone for good, while all that took them are replaced one after another.</summary>
public sealed class KadDhtValuesWorld : World
{
    private const int MaxValues = 50;
    private const string Namespace = "signed";

    private static readonly TimeSpan Joining = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Replacing = TimeSpan.FromHours(46);
    private static readonly TimeSpan Waiting = TimeSpan.FromHours(48);
    private static readonly TimeSpan Looking = TimeSpan.FromMinutes(3);

    public override string Name => "kad-dht-values";

    public override string Summary => "libp2p's DHT: authors leave, all 20 holders of their values are replaced within two days; who finds a value after 48 hours, and what it costs to keep it.";

    public override int DefaultNodes => 300;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "found %", "messages for a value and day");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
    [
        (o, t) => Measure(o, "holders say nothing", null, t), (o, t) => Measure(o, "again after 22 h", TimeSpan.FromHours(22), t),
        (o, t) => Measure(o, "again after 4 h", TimeSpan.FromHours(4), t), (o, t) => Measure(o, "again after 1 h", TimeSpan.FromHours(1), t),
    ];

    private static CaseReport Measure(WorldOptions options, string name, TimeSpan? interval, CancellationToken cancellationToken)
    {
        int values = Math.Min(MaxValues, options.Nodes / 4);
        // Everybody may be replaced once. Tables are looked after every hour: nodes that go do so much more slowly than in the world of churn.
        var population = new KadPopulation(options.Seed.Derive("values"), options.TraceLines, (2 + KadPolicy.BucketSize) * options.Nodes, o => o with
        {
            Rules = new RecordRules(new Dictionary<string, IRecordValidator> { [Namespace] = new Signed() }), ReplicationInterval = interval, RefreshInterval = TimeSpan.FromHours(1),
        });
        population.JoinAll(options.Nodes, Joining);
        population.Advance(Joining + Settling, cancellationToken);

        var put = new List<KadSearchEnded>();
        HashSet<int> authors = [];
        for (int i = 0; i < values; i++)
        {
            ReadOnlyMemory<byte> key = KeyOf(i), value = Encoding.ASCII.GetBytes($"value {i}");
            authors.Add(population.Search((node, now) => node.PutValue(key, value, now), (_, ended, _) => put.Add(ended)));
        }
        population.Advance(Looking, cancellationToken);
        int fresh = options.Nodes;
        foreach (int author in authors)
            Replace(population, author, ref fresh);

        var cost = new Tally();
        population.OwnSearchEnded = cost.Add;
        (TimeSpan After, int Holder)[] goings = [.. put.SelectMany(p => p.Closest.Select((holder, i) => (After: Replacing * ((i + 1.0) / KadPolicy.BucketSize), Holder: population.NumberOf(holder))))
            .GroupBy(g => g.Holder).Select(g => g.MaxBy(x => x.After)).OrderBy(g => g.After)];
        TimeSpan passed = TimeSpan.Zero;
        foreach ((TimeSpan after, int holder) in goings)
        {
            if (after > passed)
                population.Advance(after - passed, cancellationToken);
            passed = after;
            if (population.Simulation[holder] is not null)
                Replace(population, holder, ref fresh);
        }
        population.Advance(Waiting - passed, cancellationToken);

        int found = 0;
        for (int i = 0; i < values; i++)
        {
            ReadOnlyMemory<byte> key = KeyOf(i);
            string expected = $"value {i}";
            population.Search((node, now) => node.GetValue(key, 1, now), (_, ended, _) => found += ended.Record is { } record && Encoding.ASCII.GetString(record.Value.Span) == expected ? 1 : 0);
        }
        population.Advance(Looking, cancellationToken);
        double valueDays = values * Waiting.TotalDays;
        WorldRow row = new WorldRow(name).With("found %", Figures.Percent(found, values), "0.0").With("values", values).With("replaced", fresh - options.Nodes)
            .With("said again a value and day", cost.Times / valueDays, "0.0").With("messages for a value and day", cost.Messages / valueDays, "0")
            .With("holders at first", put.Average(p => p.Stored), "0.0").With("values held a node", population.Held().Average(), "0.0");
        return CaseReport.Of(name, population.Simulation, [row]);
    }

    private static byte[] KeyOf(int number) => Encoding.ASCII.GetBytes($"/{Namespace}/{number}");

    /// <summary>A node goes for good, and one with another id comes.</summary>
    private static void Replace(KadPopulation population, int host, ref int fresh)
    {
        population.Simulation.Stop(host);
        population.Join(fresh++);
    }

    /// <summary>What nodes did so that values last: searches that gave a value away, their questions and what they gave.</summary>
    private sealed class Tally
    {
        public int Times { get; private set; }

        public long Messages { get; private set; }

        public void Add(KadSearchEnded ended)
        {
            if (ended.Stored == 0)
                return;
            Times++;
            // Each question and each gift has its answer.
            Messages += 2L * (ended.Asked + ended.Closest.Count);
        }
    }

    /// <summary>Like IPNS: authors say until when, here a month from the beginning.</summary>
    private sealed class Signed : IRecordValidator
    {
        private static readonly DateTimeOffset End = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(30);

        public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => now < End;

        public int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => 0;

        public DateTimeOffset? EndOf(ReadOnlySpan<byte> value) => End;
    }
}
