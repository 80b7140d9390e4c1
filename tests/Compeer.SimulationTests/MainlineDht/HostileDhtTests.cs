using System.Net;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;
using Compeer.Simulator;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds.MainlineDht;

namespace Compeer.SimulationTests.MainlineDht;

/// <summary>Attacks on a DHT of some hundred nodes: useful lookups stay at 95 % at least.</summary>
public sealed class HostileDhtTests
{
    private const double Useful = 0.95;

    [Fact]
    public void Spoofed_replies_get_nowhere()
    {
        DhtLab lab = DhtLab.Settled(11, 300, 2);
        lab.Announce();
        VirtualHost attacker = lab.Attackers[0], lure = lab.Attackers[1];
        lab.Simulation.Start(lure, new RawHost());
        SeededRandom random = new(new Seed(1));
        var bait = new DhtContact(Key160.NewRandom(random), NodeEndPoint.From(lure.EndPoint));
        // Forged in the name of nodes that are being asked, with guessed transactions, while lookups run.
        for (int i = 0; i < 40_000; i++)
        {
            VirtualHost victim = lab.Simulation.Hosts[lab.Honest[random.Next(lab.Honest.Length)]];
            VirtualHost claimed = lab.Simulation.Hosts[lab.Honest[random.Next(lab.Honest.Length)]];
            byte[] transaction = new byte[4];
            random.NextBytes(transaction);
            byte[] reply = Krpc.Reply(transaction, lab.Population.Peer(claimed.Number)!.Node.Id, bait, lure.EndPoint);
            lab.Simulation.After(TimeSpan.FromMilliseconds(i), () => lab.Simulation.Forge(attacker, claimed.EndPoint, victim.EndPoint, reply));
        }
        lab.AssertAtLeast(Useful, lab.Success(300), "lookups under spoofed replies");
        Assert.DoesNotContain(lab.Known(), c => c.Id == bait.Id);
        Assert.Equal(0, lure.Received);
    }

    [Fact]
    public void A_forged_or_borrowed_token_announces_nobody()
    {
        DhtLab lab = DhtLab.Settled(12, 300, 2);
        lab.Announce();
        VirtualHost attacker = lab.Attackers[0];
        VirtualHost target = lab.Attackers[1];
        var raw = new RawHost();
        lab.Simulation.Start(attacker, raw);
        lab.Simulation.Start(target, new RawHost());
        SeededRandom random = new(new Seed(2));
        Key160 id = Key160.NewRandom(random), infoHash = DhtLab.InfoHash(0);
        foreach (int host in lab.Honest)
            raw.Send(lab.Simulation.Hosts[host].EndPoint, Krpc.GetPeers(id, infoHash));
        lab.Simulation.Pump(attacker);
        lab.Simulation.RunFor(TimeSpan.FromSeconds(5));
        int tokens = 0;
        foreach ((IPEndPoint from, byte[] reply) in raw.Inbox.ToArray())
        {
            raw.Send(from, Krpc.Announce(id, infoHash, 666, [0, 0, 0, 0]));
            raw.Send(from, Krpc.Announce(id, DhtLab.InfoHash(1), 666, Krpc.TokenOf(reply) ?? []));
            if (Krpc.TokenOf(reply) is { } token)
            {
                // The attacker's own token, used in the name of the target.
                lab.Simulation.Forge(attacker, target.EndPoint, from, Krpc.Announce(id, infoHash, 666, token));
                tokens++;
            }
        }
        lab.Simulation.Pump(attacker);
        lab.Simulation.RunFor(TimeSpan.FromSeconds(5));
        Assert.True(tokens > 250);
        IPEndPoint[] forged = [new(attacker.EndPoint.Address, 666), new(target.EndPoint.Address, 666)];
        var found = new List<LookupProbe>();
        for (int swarm = 0; swarm < 2; swarm++)
        {
            DhtPeer peer = lab.Population.Peer(lab.Honest[50])!;
            var probe = new LookupProbe(lab.Simulation.Now, p => Array.IndexOf(forged, p) >= 0);
            peer.Follow(peer.Node.GetPeers(DhtLab.InfoHash(swarm), new GetPeersOptions { Paths = 8 }, lab.Simulation.Now), probe);
            lab.Simulation.Pump(lab.Simulation.Hosts[lab.Honest[50]]);
            found.Add(probe);
        }
        lab.Simulation.RunFor(TimeSpan.FromSeconds(30));
        Assert.All(found, p => Assert.True(p.Report is { Peers: >= DhtLab.PeersPerSwarm } && p.FirstPeer is null));
        lab.AssertAtLeast(Useful, lab.Success(300), "lookups under token forgery");
    }

    [Fact]
    public void A_flood_of_announcements_drives_nobody_out()
    {
        DhtLab lab = DhtLab.Settled(13, 300, 20, new DhtOptions { MaxSwarms = 30 });
        lab.Announce();
        foreach (VirtualHost attacker in lab.Attackers)
            lab.Population.Join(attacker.Number);
        lab.Simulation.RunFor(TimeSpan.FromSeconds(30));
        for (int i = 0; i < 3000; i++)
        {
            int swarm = 1_000_000 + i;
            lab.Simulation.After(TimeSpan.FromMilliseconds(20 * i),
                () => lab.Population.Announce(lab.Attackers[swarm % lab.Attackers.Length].Number, DhtLab.InfoHash(swarm)));
        }
        lab.Simulation.RunFor(TimeSpan.FromSeconds(90));
        Assert.All(lab.Honest, h => Assert.InRange(lab.Population.Peer(h)!.Node.StoredCount.Swarms, 0, 30));
        Assert.True(lab.Honest.Count(h => lab.Population.Peer(h)!.Node.StoredCount.Swarms == 30) > 250, "the flood filled no store");
        lab.AssertAtLeast(Useful, lab.Success(300), "lookups after a store flood");
    }

    [Fact]
    public void Nobody_is_made_to_shoot_at_a_victim()
    {
        DhtLab lab = DhtLab.Settled(14, 300, 2);
        lab.Announce();
        VirtualHost attacker = lab.Attackers[0], victim = lab.Attackers[1];
        var silent = new RawHost();
        lab.Simulation.Start(victim, silent);
        SeededRandom random = new(new Seed(3));
        Key160 id = Key160.NewRandom(random);
        long before = attacker.SentBytes;
        for (int i = 0; i < 10_000; i++)
        {
            int host = lab.Honest[random.Next(lab.Honest.Length)];
            byte[] question = i % 2 == 0 ? Krpc.FindNode(id, Key160.NewRandom(random)) : Krpc.GetPeers(id, DhtLab.InfoHash(i % lab.Swarms));
            lab.Simulation.After(TimeSpan.FromMilliseconds(3 * i), () => lab.Simulation.Forge(attacker, victim.EndPoint, lab.Simulation.Hosts[host].EndPoint, question));
        }
        lab.Simulation.RunFor(TimeSpan.FromMinutes(2));
        double factor = (double)victim.ReceivedBytes / (attacker.SentBytes - before);
        Assert.InRange(factor, 0.1, 3.0);
        lab.AssertAtLeast(Useful, lab.Success(300), "lookups after reflection");
    }

    [Fact]
    public void A_flood_of_questions_is_borne()
    {
        DhtLab lab = DhtLab.Settled(15, 300, 5);
        lab.Announce();
        SeededRandom random = new(new Seed(4));
        foreach (VirtualHost attacker in lab.Attackers)
            lab.Simulation.Start(attacker, new RawHost());
        int victim = lab.Honest[100];
        for (int i = 0; i < 60_000; i++)
        {
            VirtualHost attacker = lab.Attackers[i % lab.Attackers.Length];
            byte[] garbage = i % 2 == 0 ? Krpc.FindNode(Key160.NewRandom(random), Key160.NewRandom(random)) : [(byte)'d', .. new byte[random.Next(600)]];
            lab.Simulation.After(TimeSpan.FromMilliseconds(i), () =>
            {
                ((RawHost)attacker.Node!).Send(lab.Simulation.Hosts[victim].EndPoint, garbage);
                lab.Simulation.Pump(attacker);
            });
        }
        long answeredBefore = lab.Attackers.Sum(a => a.Received);
        IReadOnlyList<LookupProbe> probes = lab.Population.Measure(60, TimeSpan.FromMinutes(1),
            r => lab.Population.LookUp(victim, DhtLab.InfoHash(r.Next(lab.Swarms)), _ => true));
        lab.AssertAtLeast(Useful, probes.Count(p => p.FirstPeer is not null) / 60.0, "lookups of the flooded node");
        Assert.InRange(lab.Attackers.Sum(a => a.Received) - answeredBefore, 1, 2000);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void A_fifth_of_liars_is_outvoted_by_disjoint_paths(int paths)
    {
        DhtLab lab = DhtLab.Settled(16, 400, 100);
        var ring = new LiarRing();
        foreach (VirtualHost attacker in lab.Attackers)
            MainlineDhtWorld.JoinAsLiar(lab.Population, attacker.Number, ring);
        lab.Simulation.RunFor(TimeSpan.FromMinutes(5));
        lab.Announce(paths);
        lab.AssertAtLeast(Useful, lab.Success(300, paths), $"lookups among liars on {paths} paths");
        Assert.True(ring.Lies > 1000);
    }

    [Fact]
    public void Sybils_around_a_key_do_not_hide_it()
    {
        DhtLab lab = DhtLab.Settled(17, 500, 60);
        Key160 infoHash = DhtLab.InfoHash(0);
        var ring = new LiarRing();
        SeededRandom random = new(new Seed(5));
        foreach (VirtualHost attacker in lab.Attackers)
        {
            var node = new DhtNode(infoHash.RandomInBucket(60 + random.Next(40), random), false, new DhtOptions(), null, random, lab.Simulation.Now);
            var face = new DhtPeer(node, lab.Population.EndPoints);
            node.Bootstrap(lab.Population.Entries, lab.Simulation.Now);
            lab.Simulation.Start(attacker, new LiarNode(face, attacker.EndPoint, ring));
        }
        lab.Simulation.RunFor(TimeSpan.FromMinutes(5));
        int[] announcers = [.. lab.Honest.Take(8)];
        foreach (int host in announcers)
            lab.Population.Announce(host, infoHash, 8);
        lab.Simulation.RunFor(TimeSpan.FromMinutes(1));
        IReadOnlyList<LookupProbe> probes = lab.Population.Measure(200, TimeSpan.FromMinutes(1),
            r => lab.Population.LookUp(lab.Honest[20 + r.Next(lab.Honest.Length - 20)], infoHash, announcers.Contains, 8));
        lab.AssertAtLeast(Useful, probes.Count(p => p.FirstPeer is not null) / 200.0, "lookups of a key among Sybils");
    }
}
