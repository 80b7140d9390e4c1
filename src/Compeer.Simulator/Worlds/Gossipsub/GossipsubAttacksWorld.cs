
namespace Compeer.Simulator.Worlds.Gossipsub;

/// <summary>How gossipsub stands against Sybils that forward nothing, little, or not everybody's messages; and against a catastrophe.</summary>
/// <remarks>After Vyzovitis et al., "GossipSub: Attack-Resilient Message Propagation in the Filecoin and ETH2.0 Networks" (2020), section 4.</remarks>
public sealed class GossipsubAttacksWorld : World
{
    private const int PerSecond = 10;
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Booting = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Publishing = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Healing = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(15);

    private static readonly Attack[] Attacks =
    [
        new("at rest, 1.0", AttackKind.None, 0, IsScored: false),
        new("at rest", AttackKind.None, 0),
        new("Sybils, 1.0", AttackKind.Silent, 4, IsScored: false),
        new("Sybils", AttackKind.Silent, 4),
        new("cold boot, 1.0", AttackKind.Silent, 4, IsColdBoot: true, IsScored: false),
        new("cold boot", AttackKind.Silent, 4, IsColdBoot: true),
        new("covert flash, 1.0", AttackKind.CovertFlash, 4, IsScored: false),
        new("covert flash", AttackKind.CovertFlash, 4),
        new("eclipse of the author", AttackKind.Silent, 1) { Eclipsing = 500 },
        new("censor", AttackKind.Censor, 4),
        new("degrade", AttackKind.Degrade, 4),
        new("80 % die at once", AttackKind.None, 0) { Dying = 0.8 },
    ];

    public override string Name => "gossipsub-attacks";

    public override string Summary => "Gossipsub 1.0 and 1.1 with four Sybils an honest node: who is reached, and how late; cold boot, covert flash, eclipse, censorship.";

    public override int DefaultNodes => 1000;

    public override WorldPlot Plot => new(WorldPlot.Rows, "see the rows", "delivered %", "Sybils in meshes %");

    protected override IReadOnlyList<Func<WorldOptions, CancellationToken, CaseReport>> Cases() =>
        [.. Attacks.Select(attack => (Func<WorldOptions, CancellationToken, CaseReport>)((options, token) => Measure(options, attack, token)))];

    private static CaseReport Measure(WorldOptions options, Attack attack, CancellationToken cancellationToken)
    {
        var population = new GossipsubPopulation(attack, options.Nodes, options.Seed.Derive(attack.Name), options.TraceLines);
        // Whoever is in a mesh is expected to deliver, so there must be something to deliver from the start.
        Publish(population, attack.IsColdBoot ? Booting : Warming, cancellationToken);
        if (attack is { Kind: AttackKind.Silent or AttackKind.Censor or AttackKind.Degrade, IsColdBoot: false })
            population.AddSybils();
        if (attack.Kind == AttackKind.CovertFlash)
            population.Flash();
        if (attack.Dying > 0)
        {
            population.Kill(attack.Dying);
            population.Reconnect();
            Publish(population, Healing, cancellationToken);
        }
        population.Count();
        Publish(population, Publishing, cancellationToken);
        population.Simulation.RunFor(Lasts);
        (double mean, double least) = population.Delivered();
        double[] delays = [.. population.Delays.Order()];
        WorldRow row = new WorldRow(attack.Name).With("Sybils", population.Sybils)
            .With("delivered %", mean, "0.000").With("least %", least, "0.000")
            .With("delay p50 s", Figures.Quantile(delays, 0.5), "0.00").With("p99 s", Figures.Quantile(delays, 0.99), "0.00")
            .With("Sybils in meshes %", 100 * population.SybilShare, "0.0").With("delivered twice", population.DeliveredTwice);
        return CaseReport.Of(attack.Name, population.Simulation, [row]);
    }

    private static void Publish(GossipsubPopulation population, TimeSpan span, CancellationToken cancellationToken)
    {
        for (int i = 0; i < span.TotalSeconds * PerSecond; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            population.Publish();
            population.Simulation.RunFor(TimeSpan.FromSeconds(1.0 / PerSecond));
        }
    }
}
