using Compeer.Protocols;
using Compeer.Protocols.MainlineDht;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>The Mainline DHT at work: with dead nodes, with people who come and go, and among liars.</summary>
public sealed class MainlineDhtWorld : World
{
    private const int PeersPerSwarm = 4;
    private const double LiarShare = 0.2;

    // Budgets for 4,096 addresses would be most of a node's memory; a node here meets some hundred at a time.
    private static readonly DhtOptions Lean = new() { MaxAddresses = 256 };
    private static readonly TimeSpan Joining = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Announcing = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Looking = TimeSpan.FromMinutes(2);

    public override string Name => "mainline-dht";

    public override string Summary => "Mainline DHT nodes bootstrap, announce and look up: 0, 30 and 50 % dead, under churn, among 20 % liars.";

    public override int DefaultNodes => 10_000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "hops", "success %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() => [Churn, Dead, Liars];

    /// <summary>Every node announces itself; then a part dies at once, and lookups begin before anybody can have noticed.</summary>
    private static CaseReport Dead(WorldOptions options, CancellationToken cancellationToken)
    {
        DhtPopulation population = New(options, "dead", options.Nodes);
        int[] all = [.. Enumerable.Range(0, options.Nodes)];
        population.JoinAll(all, Joining, host => population.Join(host));
        Run(population, Joining + Settling, cancellationToken);
        int swarms = AnnounceAll(population, all, 0, 1, cancellationToken);
        var rows = new List<WorldRow>();
        foreach (double share in (double[])[0, 0.3, 0.5])
        {
            population.Kill(all, share);
            IReadOnlyList<LookupProbe> probes = population.Measure(options.Nodes, Looking, random => LookUp(population, random, all, swarms, 0, 1));
            cancellationToken.ThrowIfCancellationRequested();
            rows.Add(LookupFigures.Row($"{100 * share:0} % dead", probes));
        }
        return CaseReport.Of("dead", population.Simulation, rows);
    }

    /// <summary>A fifth of the nodes are liars. Swarms are announced and looked up with as many disjoint paths as the row says.</summary>
    private static CaseReport Liars(WorldOptions options, CancellationToken cancellationToken)
    {
        DhtPopulation population = New(options, "liars", options.Nodes);
        var ring = new LiarRing();
        SeededRandom random = options.Seed.Derive("liars").Stream("who");
        int[] all = [.. Enumerable.Range(0, options.Nodes)];
        int[] liars = [.. all.Where(h => h >= DhtPopulation.BootstrapHosts && random.Chance(LiarShare))];
        int[] honest = [.. all.Except(liars)];
        bool[] isLiar = new bool[options.Nodes];
        foreach (int liar in liars)
            isLiar[liar] = true;
        population.JoinAll(all, Joining, host =>
        {
            if (isLiar[host])
                JoinAsLiar(population, host, ring);
            else
                population.Join(host);
        });
        Run(population, Joining + Settling, cancellationToken);
        // An announcement by eight paths asks some 230 nodes: a quarter of the nodes announce as many swarms as there are lookups.
        int[] announcing = [.. honest.Take(Math.Max(PeersPerSwarm, options.Nodes / 4))];
        var rows = new List<WorldRow>();
        foreach (int paths in (int[])[1, 4, 8])
        {
            int first = paths * options.Nodes;
            int swarms = AnnounceAll(population, announcing, first, paths, cancellationToken);
            IReadOnlyList<LookupProbe> probes = population.Measure(options.Nodes / 4, Looking, r => LookUp(population, r, honest, swarms, first, paths));
            cancellationToken.ThrowIfCancellationRequested();
            rows.Add(LookupFigures.Row($"20 % liars, {paths} path{(paths == 1 ? "" : "s")}", probes));
        }
        return CaseReport.Of("liars", population.Simulation, rows);
    }

    /// <summary>A hostile node joins.</summary>
    public static void JoinAsLiar(DhtPopulation population, int host, LiarRing ring)
    {
        var face = new DhtPeer(population.NewNode(host), population.EndPoints);
        face.Node.Bootstrap(population.Entries, population.Simulation.Now);
        VirtualHost where = population.Simulation.Hosts[host];
        population.Simulation.Start(where, new LiarNode(face, where.EndPoint, ring));
    }

    private static CaseReport Churn(WorldOptions options, CancellationToken cancellationToken)
    {
        var churn = new DhtChurn(New(options, "churn", 2 * options.Nodes), options.Nodes, options.Seed.Derive("churn"));
        return CaseReport.Of("churn", churn.Population.Simulation, [churn.Run(cancellationToken)]);
    }

    private static DhtPopulation New(WorldOptions options, string name, int hosts) =>
        new(options.Seed.Derive(name), hosts, Lean, traceLines: options.TraceLines);

    /// <summary>Each node announces itself to one swarm; gives the number of swarms.</summary>
    private static int AnnounceAll(DhtPopulation population, int[] hosts, int firstSwarm, int paths, CancellationToken cancellationToken)
    {
        int swarms = Math.Max(1, hosts.Length / PeersPerSwarm);
        for (int i = 0; i < hosts.Length; i++)
        {
            int at = i;
            population.Simulation.After(Announcing * ((double)i / hosts.Length),
                () => population.Announce(hosts[at], DhtPopulation.InfoHash(firstSwarm + at % swarms), paths));
        }
        Run(population, Announcing + TimeSpan.FromMinutes(1), cancellationToken);
        return swarms;
    }

    private static LookupProbe? LookUp(DhtPopulation population, SeededRandom random, int[] hosts, int swarms, int firstSwarm, int paths)
    {
        int host = hosts[random.Next(hosts.Length)];
        int swarm = random.Next(swarms);
        // Who looks for the swarm that it announced would find itself.
        if (population.Peer(host) is null || hosts[swarm] == host)
            return null;
        return population.LookUp(host, DhtPopulation.InfoHash(firstSwarm + swarm), _ => true, paths);
    }

    private static void Run(DhtPopulation population, TimeSpan span, CancellationToken cancellationToken)
    {
        Instant end = population.Simulation.Now + span;
        while (population.Simulation.Now < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            population.Simulation.RunUntil(Instant.Min(end, population.Simulation.Now + TimeSpan.FromSeconds(5)));
        }
    }
}
