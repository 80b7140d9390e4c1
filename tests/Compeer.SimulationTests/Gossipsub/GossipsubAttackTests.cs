using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds;
using Compeer.Simulator.Worlds.Gossipsub;
using Xunit.Abstractions;

namespace Compeer.SimulationTests.Gossipsub;

/// <summary>Gossipsub against Sybils, few of each; the world gossipsub-attacks has many.</summary>
public sealed class GossipsubAttackTests(ITestOutputHelper output)
{
    private const int Nodes = 60;

    [Theory]
    [InlineData(AttackKind.None, 0)]
    [InlineData(AttackKind.Silent, 4)]
    [InlineData(AttackKind.Censor, 4)]
    [InlineData(AttackKind.CovertFlash, 4)]
    public void Everybody_honest_gets_every_message_once(AttackKind kind, double sybils)
    {
        GossipsubPopulation population = Attacked(new Attack(kind.ToString(), kind, sybils, IsColdBoot: true), 1);
        (double mean, double least) = population.Delivered();
        Assert.True(mean >= 99.9, $"{mean:0.00} % in the mean, {least:0.00} % at least");
        Assert.Equal(0, population.DeliveredTwice);
        // Those who were good before are good for another minute.
        if (kind != AttackKind.CovertFlash)
            Assert.InRange(population.SybilShare, 0, 0.2);
    }

    [Fact]
    public void Without_scores_the_meshes_are_full_of_Sybils_and_messages_are_late()
    {
        GossipsubPopulation scored = Attacked(new Attack("cold boot", AttackKind.Silent, 4, IsColdBoot: true), 1);
        GossipsubPopulation unscored = Attacked(new Attack("cold boot", AttackKind.Silent, 4, IsColdBoot: true, IsScored: false), 1);
        Assert.True(unscored.SybilShare > 0.7, $"{unscored.SybilShare:0.00}");
        Assert.True(Figures.Mean(unscored.Delays) > 3 * Figures.Mean(scored.Delays));
    }

    [Fact]
    public void The_same_seed_gives_the_same_deliveries()
    {
        var attack = new Attack("silent", AttackKind.Silent, 1, IsColdBoot: true);
        GossipsubPopulation one = Attacked(attack, 7), again = Attacked(attack, 7);
        Assert.Equal(one.Simulation.Trace.Digest, again.Simulation.Trace.Digest);
        Assert.NotEqual(one.Simulation.Trace.Digest, Attacked(attack, 8).Simulation.Trace.Digest);
    }

    /// <summary>Sybils from the start; published are ten messages a second, of which those after twenty seconds count.</summary>
    private GossipsubPopulation Attacked(Attack attack, ulong seed)
    {
        var population = new GossipsubPopulation(attack, Nodes, new Seed(seed), 0);
        for (int i = 0; i < 400; i++)
        {
            if (i == 200)
            {
                population.Flash();
                population.Count();
            }
            population.Publish();
            population.Simulation.RunFor(TimeSpan.FromMilliseconds(100));
        }
        population.Simulation.RunFor(TimeSpan.FromSeconds(10));
        output.WriteLine($"{attack.Name}: {population.Delivered()}, Sybils in meshes {population.SybilShare:0.00}, mean delay {Figures.Mean(population.Delays):0.00} s");
        return population;
    }
}
