using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;
using Compeer.Simulator;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds.MainlineDht;

namespace Compeer.SimulationTests.MainlineDht;

/// <summary>A small DHT that has settled, honest swarms in it, and a place for attackers.</summary>
internal sealed class DhtLab
{
    public const int PeersPerSwarm = 4;

    private readonly Seed _seed;

    private DhtLab(Seed seed, int honest, int attackers, DhtOptions options)
    {
        _seed = seed;
        Population = new DhtPopulation(seed, honest + attackers, options);
        Honest = [.. Enumerable.Range(0, honest).Where(h => h != DhtPopulation.BootstrapHosts - 1)];
        Attackers = [.. Population.Simulation.Hosts.Skip(honest)];
    }

    public DhtPopulation Population { get; }

    public Simulation Simulation => Population.Simulation;

    public int[] Honest { get; }

    public VirtualHost[] Attackers { get; }

    public int Swarms => Honest.Length / PeersPerSwarm;

    /// <summary>Honest nodes join and settle; hosts of attackers are there but down.</summary>
    public static DhtLab Settled(ulong seed, int honest, int attackers = 0, DhtOptions? options = null)
    {
        var lab = new DhtLab(new Seed(seed), honest, attackers, options ?? new DhtOptions());
        lab.Population.JoinAll(lab.Honest, TimeSpan.FromMinutes(2), h => lab.Population.Join(h));
        lab.Simulation.RunFor(TimeSpan.FromMinutes(7));
        return lab;
    }

    public static Key160 InfoHash(int swarm) => DhtPopulation.InfoHash(swarm);

    /// <summary>Every honest node announces itself to a swarm.</summary>
    public void Announce(int paths = 1)
    {
        for (int i = 0; i < Honest.Length; i++)
        {
            Population.Announce(Honest[i], InfoHash(i % Swarms), paths);
            Simulation.RunFor(TimeSpan.FromMilliseconds(100));
        }
        Simulation.RunFor(TimeSpan.FromSeconds(30));
    }

    /// <summary>Share of lookups by honest nodes that found somebody who had announced himself to the swarm.</summary>
    public double Success(int lookups, int paths = 1, TimeSpan? over = null)
    {
        IReadOnlyList<LookupProbe> probes = Population.Measure(lookups, over ?? TimeSpan.FromMinutes(1), random =>
        {
            int at = random.Next(Honest.Length), swarm = random.Next(Swarms);
            return at % Swarms == swarm
                ? null
                : Population.LookUp(Honest[at], InfoHash(swarm), host => Array.IndexOf(Honest, host) % Swarms == swarm && host < Honest[^1] + 1, paths);
        });
        Assert.Equal(lookups, probes.Count);
        return (double)probes.Count(p => p.FirstPeer is not null) / probes.Count;
    }

    /// <summary>Asserts a share and names the seed when it is too small.</summary>
    public void AssertAtLeast(double wanted, double share, string what) =>
        Assert.True(share >= wanted, $"{what}: {share:P2} instead of {wanted:P0}; seed {_seed}, trace {Simulation.Trace}");

    /// <summary>Everybody that a honest node's table holds.</summary>
    public IEnumerable<DhtContact> Known() => Honest.SelectMany(h => Population.Peer(h)?.Node.Contacts() ?? []);
}

/// <summary>An attacker's host: sends what it is told, keeps what it receives.</summary>
internal sealed class RawHost : IVirtualNode
{
    private readonly Queue<(IPEndPoint To, byte[] Datagram)> _outbox = new();

    public List<(IPEndPoint From, byte[] Datagram)> Inbox { get; } = [];

    public Instant? NextDeadline => null;

    public void Send(IPEndPoint to, byte[] datagram) => _outbox.Enqueue((to, datagram));

    public void Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now) => Inbox.Add((from, datagram.ToArray()));

    public bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now)
    {
        to = null!;
        if (!_outbox.TryDequeue(out (IPEndPoint To, byte[] Datagram) next))
            return false;
        to = next.To;
        output.Write(next.Datagram);
        return true;
    }

    public void OnDeadline(Instant now)
    {
    }
}
