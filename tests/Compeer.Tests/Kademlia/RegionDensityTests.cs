using Compeer.Protocols.Kademlia;

namespace Compeer.Tests.Kademlia;

public sealed class RegionDensityTests
{
    private static Key160[] Nearest(Key160 target, IEnumerable<Key160> keys, int count)
    {
        Key160[] sorted = [.. keys];
        Array.Sort(sorted, (a, b) => target.CompareDistance(a, b));
        return sorted[..count];
    }

    [Theory]
    [InlineData(500)]
    [InlineData(20_000)]
    public void The_nearest_nodes_to_some_keys_tell_the_size_of_the_network(int size)
    {
        var random = new Random(size);
        Key160[] nodes = [.. Enumerable.Range(0, size).Select(_ => Key160.NewRandom(random))];
        double[] estimates = new double[9];
        for (int i = 0; i < estimates.Length; i++)
        {
            var target = Key160.NewRandom(random);
            estimates[i] = RegionDensity.EstimateSize<Key160>(target, Nearest(target, nodes, 20));
            Assert.False(RegionDensity.IsCrowded<Key160>(target, Nearest(target, nodes, 20), size));
        }
        Array.Sort(estimates);
        Assert.InRange(estimates[4], size * 0.7, size * 1.4);
        Assert.Equal(0, RegionDensity.EstimateSize<Key160>(nodes[0], []));
    }

    [Fact]
    public void Twenty_nodes_beside_a_key_are_a_crowd_and_the_probes_look_past_them()
    {
        var random = new Random(3);
        var target = Key160.NewRandom(random);
        Key160[] nodes = [.. Enumerable.Range(0, 5000).Select(_ => Key160.NewRandom(random)), .. Enumerable.Range(0, 60).Select(_ => target.RandomInBucket(50, random))];
        Assert.True(RegionDensity.IsCrowded<Key160>(target, Nearest(target, nodes, 20), 5000));
        Assert.False(RegionDensity.IsCrowded<Key160>(target, Nearest(target, nodes, 20).AsSpan(0, 7), 5000));
        // Who stores and who seeks draw probes of their own; what they find in common keeps the value.
        HashSet<Key160> stored = Around(target, nodes, random), sought = Around(target, nodes, random);
        stored.IntersectWith(sought);
        stored.IntersectWith(nodes[..5000]);
        Assert.True(stored.Count >= 20, $"only {stored.Count} in common");
    }

    private static HashSet<Key160> Around(Key160 target, Key160[] nodes, Random random) =>
        [.. RegionDensity.Probes(target, 5000, 20, random).SelectMany(p => Nearest(p, nodes, 20))];

    [Fact]
    public void A_wait_is_the_mean_and_four_deviations_between_its_bounds()
    {
        var estimate = new RoundTripEstimate(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(50));
        Assert.Equal(TimeSpan.FromSeconds(3), estimate.Timeout);
        estimate.Add(TimeSpan.FromMilliseconds(200));
        Assert.Equal(TimeSpan.FromMilliseconds(600), estimate.Timeout);
        for (int i = 0; i < 200; i++)
            estimate.Add(TimeSpan.FromMilliseconds(200));
        Assert.InRange(estimate.Timeout.TotalMilliseconds, 199, 210);
        for (int i = 0; i < 200; i++)
            estimate.Add(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(50), estimate.Timeout);
        for (int i = 0; i < 50; i++)
            estimate.Add(TimeSpan.FromSeconds(i % 2 == 0 ? 1 : 9));
        Assert.Equal(TimeSpan.FromSeconds(3), estimate.Timeout);
    }
}
