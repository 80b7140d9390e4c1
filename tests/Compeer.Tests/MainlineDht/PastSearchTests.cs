using System.Net;
using System.Text;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Tests.MainlineDht;

/// <summary>What a node remembers of the last announcing search for a key, and what it then need not ask.</summary>
public sealed class PastSearchTests
{
    private static readonly GetPeersOptions Announcement = new() { AnnouncePort = 5000, IsSeed = true };
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(14);
    private static readonly Key160 Key = Key160.NewRandom(new Random(5));

    [Fact]
    public void An_announcement_is_renewed_with_every_other_search_and_found_all_the_while()
    {
        using var world = new World(60);
        for (int round = 0; round < 4; round++)
        {
            (DhtSearchReport report, HashSet<NodeEndPoint> announced, _) = world.Announce(Announcement);
            Assert.Equal(8, report.Stored);
            Assert.Equal(round % 2 == 0 ? 8 : 0, announced.Count);
            world.Network.Run(Interval - TimeSpan.FromSeconds(21));
            Assert.Equal(8, world.Holders());
        }
    }

    [Fact]
    public void Who_takes_the_place_of_a_node_that_has_gone_gets_the_announcement_at_once()
    {
        using var world = new World(60);
        (DhtSearchReport first, _, _) = world.Announce(Announcement);
        NodeEndPoint[] gone = [.. first.Closest.Take(3).Select(c => c.EndPoint)];
        world.Remove(gone);
        world.Network.Run(Interval);
        (DhtSearchReport second, HashSet<NodeEndPoint> announced, _) = world.Announce(Announcement);
        Assert.Equal((8, 3), (second.Stored, announced.Count));
        Assert.Empty(announced.Intersect(first.Closest.Select(c => c.EndPoint)));
    }

    [Fact]
    public void Another_announcement_goes_to_everybody()
    {
        using var world = new World(60);
        world.Announce(Announcement with { IsSeed = false });
        Assert.Equal(8, world.Announce(Announcement).Announced.Count);
        Assert.Equal(8, world.Announce(Announcement with { AnnouncePort = 5001 }).Announced.Count);
        Assert.Equal(8, world.Announce(Announcement with { ImpliedPort = true }).Announced.Count);
        Assert.Equal(8, world.Announce(Announcement with { ImpliedPort = true }).Announced.Count);
    }

    [Fact]
    public void Who_was_silent_is_left_out_once_and_each_fourth_search_begins_anew()
    {
        using var world = new World(60);
        world.Remove(world.Announce(Announcement).Report.Closest[0].EndPoint);
        Assert.Equal([true, false, true, true, false], world.AreGoneAsked(5, Announcement));
    }

    [Fact]
    public void Searches_without_an_announcement_and_those_on_several_paths_remember_nothing()
    {
        foreach (GetPeersOptions options in (GetPeersOptions[])[new(), Announcement with { Paths = 2 }])
        {
            using var world = new World(60);
            world.Remove(world.Announce(options).Report.Closest[0].EndPoint);
            Assert.Equal([true, true, true], world.AreGoneAsked(3, options));
        }
    }

    [Fact]
    public void No_more_searches_are_remembered_than_the_options_say_and_for_no_longer_than_announcements_live()
    {
        using var world = new World(60, new DhtOptions { MaxPastSearches = 1 });
        world.Announce(Announcement);
        Assert.Empty(world.Announce(Announcement).Announced);
        world.Announce(Announcement, Key160.NewRandom(new Random(6)));
        Assert.Equal(8, world.Announce(Announcement).Announced.Count);
        world.Network.Run(TimeSpan.FromMinutes(31));
        Assert.Equal(8, world.Announce(Announcement).Announced.Count);
    }

    [Fact]
    public void Under_another_address_everybody_is_told_anew()
    {
        using var world = new World(60);
        world.Announce(Announcement);
        Assert.Empty(world.Announce(Announcement).Announced);
        NodeEndPoint moved = DhtNetwork.EndPoint(200);
        world.Move(moved);
        // Enough nodes must have seen the new address first.
        for (int i = 0; i < 8; i++)
            world.Announce(new GetPeersOptions(), Key160.NewRandom(new Random(20 + i)));
        Assert.Contains(world.Network.Events[moved].OfType<DhtAddressLearnt>(), e => e.Address.Equals(moved.Address));
        Assert.Equal(8, world.Announce(Announcement).Announced.Count);
    }

    /// <summary>A settled network and one node of it that announces.</summary>
    private sealed class World : IDisposable
    {
        private readonly HashSet<NodeEndPoint> _announced = [];
        private readonly HashSet<NodeEndPoint> _questioned = [];
        private NodeEndPoint _gone;
        private NodeEndPoint _home = DhtNetwork.EndPoint(900);

        public World(int nodes, DhtOptions? options = null)
        {
            Network = DhtNetwork.Started(nodes, 1);
            Network.Add(900, options);
            Network.Nodes[_home].Bootstrap([DhtNetwork.EndPoint(0)], Network.Now);
            Network.Run(TimeSpan.FromMinutes(2));
            Network.Sending = Count;
        }

        public DhtNetwork Network { get; }

        /// <summary>What an announcement came to, and whom it announced to and asked.</summary>
        public (DhtSearchReport Report, HashSet<NodeEndPoint> Announced, HashSet<NodeEndPoint> Questioned) Announce(GetPeersOptions options, Key160? key = null)
        {
            _announced.Clear();
            _questioned.Clear();
            int search = Network.Nodes[_home].GetPeers(key ?? Key, options, Network.Now);
            Network.Run(TimeSpan.FromSeconds(20));
            DhtSearchReport report = Network.Events[_home].OfType<DhtSearchEnded>().Single(e => e.Search == search).Report;
            return (report, [.. _announced], [.. _questioned]);
        }

        /// <summary>How many of the eight nodes nearest to the key tell a stranger of the announcement.</summary>
        public int Holders()
        {
            var asker = NodeEndPoint.From(IPEndPoint.Parse("80.1.2.3:4000"));
            NodeEndPoint[] nearest = [.. Network.Nodes.Where(n => n.Key != _home).OrderBy(n => n.Value.Id, Comparer<Key160>.Create(Key.CompareDistance)).Take(8).Select(n => n.Key)];
            Network.Outside.Clear();
            foreach (NodeEndPoint node in nearest)
                Network.Send(asker, node, Encoding.Latin1.GetBytes($"d1:ad2:id20:{new string('x', 20)}9:info_hash20:{Encoding.Latin1.GetString(Key.ToArray())}e1:q9:get_peers1:t1:a1:y1:qe"));
            Network.Run(TimeSpan.FromSeconds(1));
            return Network.Outside.Count(o => o.To == asker && Encoding.Latin1.GetString(o.Datagram).Contains("6:values", StringComparison.Ordinal));
        }

        public void Remove(params NodeEndPoint[] nodes)
        {
            foreach (NodeEndPoint node in nodes)
                Network.Nodes.Remove(node);
            _gone = nodes[0];
        }

        /// <summary>Announces so many times; for each time, whether the node that was removed was asked.</summary>
        public bool[] AreGoneAsked(int times, GetPeersOptions options) =>
            [.. Enumerable.Range(0, times).Select(_ => Announce(options).Questioned.Contains(_gone))];

        /// <summary>The node is the same, but its provider gave it another address.</summary>
        public void Move(NodeEndPoint to)
        {
            Network.Nodes.Remove(_home, out DhtNode? node);
            (Network.Nodes[to], Network.Events[to], _home) = (node!, [], to);
        }

        public void Dispose() => Network.Sending = null;

        private void Count(NodeEndPoint from, NodeEndPoint to, byte[] datagram)
        {
            if (from != _home)
                return;
            string text = Encoding.Latin1.GetString(datagram);
            if (text.Contains("1:q13:announce_peer", StringComparison.Ordinal))
                _announced.Add(to);
            else if (text.Contains("1:q9:get_peers", StringComparison.Ordinal))
                _questioned.Add(to);
        }
    }
}
