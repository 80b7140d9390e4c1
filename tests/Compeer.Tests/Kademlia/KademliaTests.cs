using Compeer.Protocols;
using Compeer.Protocols.Kademlia;

namespace Compeer.Tests.Kademlia;

public sealed class KademliaTests
{
    [Fact]
    public void Distances_and_prefixes_are_those_of_the_bytes()
    {
        var random = new Random(1);
        for (int i = 0; i < 2000; i++)
        {
            Key160 a = Key160.NewRandom(random);
            Key160 b = a.RandomInBucket(random.Next(161), random);
            Key160 target = a.RandomInBucket(random.Next(161), random);
            byte[] toA = [.. a.ToArray().Zip(target.ToArray(), (x, y) => (byte)(x ^ y))];
            byte[] toB = [.. b.ToArray().Zip(target.ToArray(), (x, y) => (byte)(x ^ y))];
            Assert.Equal(Math.Sign(toA.AsSpan().SequenceCompareTo(toB)), Math.Sign(target.CompareDistance(a, b)));
            Assert.Equal(a, Key160.Read(a.ToArray()));
        }
        Key160 key = Key160.NewRandom(random);
        for (int bits = 0; bits <= 160; bits++)
            Assert.Equal(bits, key.CommonPrefixLength(key.RandomInBucket(bits, random)));
    }

    [Fact]
    public void The_table_keeps_the_nearest_and_a_bounded_number()
    {
        var random = new Random(2);
        Key160 own = Key160.NewRandom(random);
        var table = new RoutingTable<Key160, int, FourPolicy>(own, default);
        List<Key160> all = [];
        for (int i = 1; i <= 5000; i++)
        {
            Key160 key = Key160.NewRandom(random);
            all.Add(key);
            table.OnReply(key, i, TimeSpan.FromMilliseconds(10), new Instant(i), out _);
        }
        Assert.InRange(table.Count, 30, 4 * 14);
        Comparer<Key160> nearer = Comparer<Key160>.Create(own.CompareDistance);
        Key160[] expected = [.. all.Order(nearer).Take(4)];
        var nearest = new RoutingEntry<Key160, int>[4];
        Assert.Equal(4, table.Closest(own, nearest));
        Assert.Equal(expected, nearest.Select(n => n.Key));
    }

    [Fact]
    public void Who_does_not_answer_goes_and_who_changes_its_key_does_not_stay_twice()
    {
        var random = new Random(3);
        var table = new RoutingTable<Key160, int, FourPolicy>(Key160.NewRandom(random), default);
        Key160 first = Key160.NewRandom(random);
        Key160 second = Key160.NewRandom(random);
        Assert.Equal(Admission.Admitted, table.OnReply(first, 7, TimeSpan.Zero, default, out _));
        Assert.Equal(Admission.Known, table.OnReply(first, 7, TimeSpan.Zero, default, out _));
        Assert.Equal(Admission.Rejected, table.OnReply(first, 8, TimeSpan.Zero, default, out _));
        Assert.Equal(Admission.Admitted, table.OnReply(second, 7, TimeSpan.Zero, default, out _));
        Assert.Equal(1, table.Count);
        Assert.False(table.OnFailure(second, 7, 3));
        Assert.False(table.OnFailure(second, 7, 3));
        Assert.True(table.OnFailure(second, 7, 3));
        Assert.Equal(0, table.Count);
        Assert.Equal(Admission.Rejected, table.OnReply(table.Own, 9, TimeSpan.Zero, default, out _));
    }

    [Fact]
    public void One_network_has_one_place_in_a_bucket()
    {
        var random = new Random(4);
        var table = new RoutingTable<Key160, int, FourPolicy>(Key160.NewRandom(random), default);
        Key160 far = table.Own.RandomInBucket(0, random);
        Assert.Equal(Admission.Admitted, table.OnReply(far, 10_001, TimeSpan.Zero, default, out _));
        Assert.Equal(Admission.Rejected, table.OnReply(table.Own.RandomInBucket(0, random), 10_002, TimeSpan.Zero, default, out _));
        Assert.Equal(Admission.Admitted, table.OnReply(table.Own.RandomInBucket(0, random), 10_011, TimeSpan.Zero, default, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_lookup_over_a_perfect_network_ends_at_the_nearest(int paths)
    {
        var random = new Random(5);
        Key160[] nodes = [.. Enumerable.Range(0, 500).Select(_ => Key160.NewRandom(random))];
        Key160 target = Key160.NewRandom(random);
        var lookup = new KademliaLookup<Key160, int>(target, new LookupOptions { Paths = paths }, _ => 0);
        for (int i = 0; i < 8 * paths; i++)
            lookup.Seed(nodes[i], i);
        var askedTwice = new HashSet<int>();
        while (lookup.TryNext(default, out _, out int contact))
        {
            Assert.True(askedTwice.Add(contact));
            Assert.True(lookup.OnReply(contact));
            // Everybody knows the eight nearest among those that share one more bit with the target.
            int shared = nodes[contact].CommonPrefixLength(target);
            foreach (int known in Enumerable.Range(0, 500).Where(i => nodes[i].CommonPrefixLength(target) > shared).OrderBy(_ => random.Next()).Take(8))
                lookup.Add(contact, nodes[known], known);
        }
        Assert.True(lookup.IsDone);
        Key160 nearest = nodes.Order(Comparer<Key160>.Create(target.CompareDistance)).First();
        Assert.Equal(nearest, lookup.ClosestReplied(8)[0].Key);
        Assert.True(lookup.Hops > 1);
    }

    [Fact]
    public void Silent_contacts_do_not_hold_a_lookup_up_and_count_when_they_answer_late()
    {
        var random = new Random(6);
        Key160 target = Key160.NewRandom(random);
        var options = new LookupOptions();
        var lookup = new KademliaLookup<Key160, int>(target, options, _ => 0);
        for (int i = 0; i < 8; i++)
            lookup.Seed(target.RandomInBucket(i, random), i);
        Instant now = default;
        int asked = 0;
        for (; lookup.TryNext(now, out _, out _); asked++)
        {
        }
        Assert.Equal(options.Parallel, asked);
        now += options.ShortTimeout;
        Assert.Equal(now, lookup.NextDeadline);
        lookup.OnDeadline(now);
        Assert.True(lookup.TryNext(now, out _, out _));
        Assert.False(lookup.IsDone);
        now += options.Patience;
        lookup.OnDeadline(now);
        while (lookup.TryNext(now, out _, out int contact))
            lookup.OnFailure(contact);
        Assert.True(lookup.IsDone);
        Assert.True(lookup.OnReply(7));
        Assert.Equal(1, lookup.Replied);
    }

    private readonly struct FourPolicy : IRoutingPolicy<Key160, int>
    {
        // Contacts above are ten to a network.
        private const int NetworksFrom = 10_000;

        public int MaxOfNetworkInBucket => 1;

        public int MaxOfNetwork => int.MaxValue;

        public int Capacity(int depth) => 4;

        public bool IsSameHost(in int a, in int b) => a == b;

        public int HostHash(in int contact) => contact % 3;

        public bool IsSameNetwork(in int a, in int b) => a > NetworksFrom && a / 10 == b / 10;

        public int NetworkHash(in int contact) => contact / 10;

        public bool IsPreferred(in Key160 key, in int contact) => false;
    }
}
