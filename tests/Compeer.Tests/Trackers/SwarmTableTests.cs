using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Protocols;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>The tracker's memory: rules, limits, chance and size.</summary>
public class SwarmTableTests
{
    private readonly PeerSample _sample = new();

    [Fact]
    public void Leechers_learn_of_both_and_seeds_of_leechers_only()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        Announce(table, 1, seed: true);
        Announce(table, 2, seed: true);
        Announce(table, 3, seed: false);
        Assert.Equal([1, 2], Peers(table, 3, seed: false));
        Assert.Equal([3], Peers(table, 1, seed: true));
        Assert.True(table.TryScrape(TrackerSamples.Hash(1), TrackerSamples.At(0), out SwarmCounts counts));
        Assert.Equal(new SwarmCounts(2, 1, 0), counts);
    }

    [Fact]
    public void Families_are_kept_apart()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        Announce(table, 1);
        table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse("2001:db8::1"), 5, false, AnnounceEvent.None, 50), TrackerSamples.At(0), _sample, out SwarmCounts counts);
        Assert.Equal((0, true, 2), (_sample.Count, _sample.IsV6, counts.Leechers));
        table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse("2001:db8::2"), 5, false, AnnounceEvent.None, 50), TrackerSamples.At(0), _sample, out _);
        Assert.Equal("20010db80000000000000000000000010005", Convert.ToHexStringLower(_sample.Compact));
    }

    [Fact]
    public void Completion_is_counted_once_and_only_for_listed_leechers()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        Announce(table, 1, seed: true, AnnounceEvent.Completed);
        Announce(table, 2);
        Announce(table, 2, seed: true, AnnounceEvent.Completed);
        Announce(table, 2, seed: true, AnnounceEvent.Completed);
        table.TryScrape(TrackerSamples.Hash(1), TrackerSamples.At(0), out SwarmCounts counts);
        Assert.Equal(new SwarmCounts(2, 0, 1), counts);
    }

    [Fact]
    public void Stopped_and_silent_peers_leave_and_empty_swarms_are_forgotten()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        Announce(table, 1);
        Announce(table, 2);
        Announce(table, 1, happened: AnnounceEvent.Stopped);
        Assert.Equal((1, 1), (table.PeerCount, table.SwarmCount));
        Announce(table, 9, happened: AnnounceEvent.Stopped, swarm: 77);
        Assert.Equal(1, table.SwarmCount);
        table.Expire(TrackerSamples.At(3600));
        Assert.Equal(1, table.PeerCount);
        table.Expire(TrackerSamples.At(3601));
        Assert.Equal((0, 0), (table.PeerCount, table.SwarmCount));
    }

    [Fact]
    public void Port_0_asks_without_joining()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        Announce(table, 1);
        table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse("10.9.9.9"), 0, false, AnnounceEvent.None, 50), TrackerSamples.At(0), _sample, out _);
        Assert.Equal((1, 1), (_sample.Count, table.PeerCount));
    }

    [Fact]
    public void Limits_hold_in_total_by_swarm_and_by_address()
    {
        var options = new SwarmTableOptions { MaxPeers = 20, MaxSwarms = 4, MaxPeersPerSwarm = 6, MaxPeersPerAddress = 5, MaxPeersPerAddressInSwarm = 2 };
        SwarmTable table = new(options, new Random(1));
        for (int peer = 1; peer <= 6; peer++)
            Assert.Equal(SwarmAnnounceStatus.Accepted, Announce(table, peer));
        Assert.Equal(SwarmAnnounceStatus.Full, Announce(table, 7));
        for (int swarm = 2; swarm <= 4; swarm++)
            Assert.Equal(SwarmAnnounceStatus.Accepted, Announce(table, 100, swarm: swarm));
        Assert.Equal(SwarmAnnounceStatus.Full, Announce(table, 101, swarm: 5));

        var crowd = IPAddress.Parse("10.200.0.1");
        for (int i = 0; i < 20; i++)
            table.Announce(new SwarmAnnounce(TrackerSamples.Hash(2 + (i % 3)), crowd, 1000 + i, false, AnnounceEvent.None, 0), TrackerSamples.At(i), _sample, out _);
        Assert.Equal(6 + 3 + 5, table.PeerCount);
    }

    [Fact]
    public void An_address_at_its_limit_in_a_swarm_replaces_its_longest_silent_peer()
    {
        SwarmTable table = new(new SwarmTableOptions { MaxPeersPerAddressInSwarm = 2 }, new Random(1));
        var home = IPAddress.Parse("10.0.0.1");
        for (int port = 1; port <= 5; port++)
            table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), home, port, false, AnnounceEvent.None, 0), TrackerSamples.At(port), _sample, out _);
        table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse("10.0.0.2"), 9, false, AnnounceEvent.None, 50), TrackerSamples.At(9), _sample, out _);
        Assert.Equal([4, 5], Ports());
    }

    [Fact]
    public void Limits_count_a_v6_network_as_one_address()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        for (int i = 0; i < 100; i++)
            table.Announce(new SwarmAnnounce(TrackerSamples.Hash(1), IPAddress.Parse($"2001:db8::{i + 1:x}"), 5, false, AnnounceEvent.None, 0), TrackerSamples.At(i), _sample, out _);
        Assert.Equal(8, table.PeerCount);
    }

    [Fact]
    public void Only_allowed_swarms_are_served()
    {
        SwarmTable table = new(new SwarmTableOptions { AllowedSwarms = [TrackerSamples.Hash(1)] }, new Random(1));
        Assert.Equal(SwarmAnnounceStatus.Accepted, Announce(table, 1));
        Assert.Equal(SwarmAnnounceStatus.NotServed, Announce(table, 1, swarm: 2));
    }

    [Fact]
    public void Every_peer_is_given_about_as_often_as_any_other()
    {
        SwarmTable table = new(new SwarmTableOptions(), new Random(1));
        for (int peer = 1; peer <= 100; peer++)
            Announce(table, peer, seed: peer % 4 == 0);
        int[] given = new int[101];
        for (int i = 0; i < 5000; i++)
        {
            foreach (int peer in Peers(table, 1, seed: false, numWant: 10))
                given[peer]++;
        }
        Assert.Equal(0, given[1]);
        Assert.Equal(50_000, given.Sum());
        Assert.All(given.Skip(2), count => Assert.InRange(count, 400, 610));
    }

    [Fact]
    public void Agrees_with_a_simple_model_over_random_histories()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            SwarmTable table = new(new SwarmTableOptions { MaxPeersPerAddressInSwarm = 1000 }, new Random(seed));
            var model = new Dictionary<(int Swarm, string Address, int Port), (bool Seed, double Seen)>();
            double now = 0;
            for (int step = 0; step < 1500; step++)
            {
                now += random.Next(0, 20);
                int swarm = random.Next(4);
                string address = random.Next(4) == 0 ? $"2001:db8:0:{random.Next(3):x}::{random.Next(1, 3)}" : $"10.0.0.{random.Next(1, 9)}";
                int port = random.Next(1, 6);
                bool seed2 = random.Next(3) == 0;
                AnnounceEvent happened = (AnnounceEvent)random.Next(4);
                table.Announce(new SwarmAnnounce(TrackerSamples.Hash(swarm), IPAddress.Parse(address), port, seed2, happened, 200), TrackerSamples.At(now), _sample, out SwarmCounts counts);

                foreach (var old in model.Where(m => now - m.Value.Seen > 3600).Select(m => m.Key).ToList())
                    model.Remove(old);
                model.Remove((swarm, address, port));
                if (happened != AnnounceEvent.Stopped)
                    model[(swarm, address, port)] = (seed2, now);
                var members = model.Where(m => m.Key.Swarm == swarm).ToList();
                Assert.Equal((members.Count(m => m.Value.Seed), members.Count(m => !m.Value.Seed)), (counts.Seeders, counts.Leechers));
                Assert.Equal(model.Count, table.PeerCount);
                Assert.Equal(model.Keys.Select(k => k.Swarm).Distinct().Count(), table.SwarmCount);
                bool isV6 = address.Contains(':', StringComparison.Ordinal);
                int others = happened == AnnounceEvent.Stopped ? 0 : members.Count(m =>
                    m.Key.Address.Contains(':', StringComparison.Ordinal) == isV6 && (m.Key.Address, m.Key.Port) != (address, port) && !(seed2 && m.Value.Seed));
                Assert.Equal(others, _sample.Count);
            }
        }
    }

    private SwarmAnnounceStatus Announce(SwarmTable table, int peer, bool seed = false, AnnounceEvent happened = AnnounceEvent.None, int swarm = 1, int numWant = 50) =>
        table.Announce(
            new SwarmAnnounce(TrackerSamples.Hash(swarm), new IPAddress([10, (byte)(peer >> 16), (byte)(peer >> 8), (byte)peer]), 1 + (peer & 0xfff), seed, happened, numWant),
            TrackerSamples.At(0), _sample, out _);

    private int[] Peers(SwarmTable table, int peer, bool seed, int numWant = 50)
    {
        Announce(table, peer, seed, numWant: numWant);
        return [.. Ports().Select(port => port - 1)];
    }

    private List<int> Ports()
    {
        var ports = new List<int>();
        for (int i = 0; i < _sample.Count; i++)
            ports.Add((_sample.Compact[(i * 6) + 4] << 8) | _sample.Compact[(i * 6) + 5]);
        ports.Sort();
        return ports;
    }
}
