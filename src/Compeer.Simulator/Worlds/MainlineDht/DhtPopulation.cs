using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.MainlineDht;

/// <summary>
/// DHT nodes at addresses of their own in a simulated network, the swarms they announce, and lookups among them. Hosts 0 to 3
/// are the bootstrap nodes that everybody knows; host 3 is never up.
/// </summary>
public sealed class DhtPopulation
{
    /// <summary>Hosts whose addresses every node is born with.</summary>
    public const int BootstrapHosts = 4;

    private const int Port = 6881;
    private static readonly TimeSpan LongestLookup = TimeSpan.FromSeconds(60);

    private readonly EndPointTable _endPoints = new();
    private readonly Dictionary<IPEndPoint, int> _hostOf = [];
    private readonly Seed _nodeSeed;
    private readonly NodeEndPoint[] _entries;
    private readonly int[] _lives;
    private readonly SeededRandom _choices;

    /// <summary>Hosts without nodes.</summary>
    /// <param name="seed">The root of the world.</param>
    /// <param name="hosts">How many hosts there are.</param>
    /// <param name="options">The nodes' options.</param>
    /// <param name="network">The network; by default six regions, 1 % loss.</param>
    /// <param name="traceLines">Deliveries to keep as text.</param>
    public DhtPopulation(Seed seed, int hosts, DhtOptions options, NetworkOptions? network = null, int traceLines = 0)
    {
        Options = options;
        Simulation = new Simulation(seed, network ?? Internet(seed), traceLines);
        _nodeSeed = seed.Derive("nodes");
        _choices = seed.Stream("choices");
        _lives = new int[hosts];
        var used = new HashSet<IPAddress>();
        SeededRandom addresses = seed.Stream("addresses");
        while (Simulation.Hosts.Count < hosts)
        {
            IPAddress address = DrawAddress(addresses);
            if (!used.Add(address))
                continue;
            VirtualHost host = Simulation.AddHost(new IPEndPoint(address, Port));
            _hostOf[host.EndPoint] = host.Number;
            _endPoints.Add(host);
        }
        _entries = [.. Simulation.Hosts.Take(BootstrapHosts).Select(h => NodeEndPoint.From(h.EndPoint))];
    }

    /// <summary>The world they are in.</summary>
    public Simulation Simulation { get; }

    /// <summary>Bounds of each node.</summary>
    public DhtOptions Options { get; }

    /// <summary>One object an endpoint.</summary>
    public EndPointTable EndPoints => _endPoints;

    /// <summary>Where everybody begins.</summary>
    public IReadOnlyList<NodeEndPoint> Entries => _entries;

    /// <summary>Six regions up to 150 ms apart, 10 ms jitter, 1 % loss.</summary>
    public static NetworkOptions Internet(Seed seed) => new()
    {
        Latency = new ClusteredLatency(seed.Derive("places"), 6, TimeSpan.FromMilliseconds(8), TimeSpan.FromMilliseconds(150)),
        Jitter = TimeSpan.FromMilliseconds(10),
        Loss = 0.01,
    };

    /// <summary>The info-hash of a swarm.</summary>
    public static Key160 InfoHash(int swarm) => Key160.Of(Formats.Hashing.Sha1Hash.Of(BitConverter.GetBytes(swarm)));

    /// <summary>The node of a host; null when it is down or no DHT node.</summary>
    public DhtPeer? Peer(int host) => Simulation.Hosts[host].Node as DhtPeer;

    /// <summary>A node with an id that follows from its host's address and a stream of numbers of its own.</summary>
    public DhtNode NewNode(int host)
    {
        var random = new SeededRandom(_nodeSeed.Derive(host).Derive(_lives[host]++));
        Key160 id = DhtNodeId.Create(NodeEndPoint.From(Simulation.Hosts[host].EndPoint), random);
        return new DhtNode(id, false, Options, null, random, Simulation.Now);
    }

    /// <summary>A new node starts on a host and bootstraps.</summary>
    public DhtPeer Join(int host)
    {
        var peer = new DhtPeer(NewNode(host), _endPoints);
        peer.Node.Bootstrap(_entries, Simulation.Now);
        Simulation.Start(Simulation.Hosts[host], peer);
        return peer;
    }

    /// <summary>Hosts join one after the other over a span: the bootstrap nodes first.</summary>
    /// <param name="hosts">Which.</param>
    /// <param name="over">The span.</param>
    /// <param name="join">What joins there.</param>
    public void JoinAll(IReadOnlyList<int> hosts, TimeSpan over, Action<int> join)
    {
        for (int i = 0; i < hosts.Count; i++)
        {
            int host = hosts[i];
            if (host != BootstrapHosts - 1)
                Simulation.After(over * ((double)i / hosts.Count), () => join(host));
        }
    }

    /// <summary>A host's node announces itself to a swarm.</summary>
    public LookupProbe? Announce(int host, Key160 infoHash, int paths = 1)
    {
        if (Peer(host) is not { } peer)
            return null;
        var probe = new LookupProbe(Simulation.Now, _ => true);
        peer.Follow(peer.Node.GetPeers(infoHash, new GetPeersOptions { AnnouncePort = Port, Paths = paths }, Simulation.Now), probe);
        Simulation.Pump(Simulation.Hosts[host]);
        return probe;
    }

    /// <summary>A host's node looks a swarm up.</summary>
    /// <param name="host">Who looks.</param>
    /// <param name="infoHash">The swarm.</param>
    /// <param name="isRight">Whether a host is one of its peers.</param>
    /// <param name="paths">Disjoint paths.</param>
    public LookupProbe? LookUp(int host, Key160 infoHash, Func<int, bool> isRight, int paths = 1)
    {
        if (Peer(host) is not { } peer)
            return null;
        var probe = new LookupProbe(Simulation.Now, found => _hostOf.TryGetValue(found, out int number) && isRight(number));
        peer.Follow(peer.Node.GetPeers(infoHash, new GetPeersOptions { Paths = paths }, Simulation.Now), probe);
        Simulation.Pump(Simulation.Hosts[host]);
        return probe;
    }

    /// <summary>Starts lookups evenly over a span and runs until the last is over. Who looks and for what is drawn.</summary>
    /// <param name="count">How many.</param>
    /// <param name="over">The span.</param>
    /// <param name="start">Starts one lookup; null when that was not possible, then another is drawn.</param>
    public IReadOnlyList<LookupProbe> Measure(int count, TimeSpan over, Func<SeededRandom, LookupProbe?> start)
    {
        var probes = new List<LookupProbe>(count);
        for (int i = 0; i < count; i++)
        {
            Simulation.After(over * ((double)i / count), () =>
            {
                for (int attempt = 0; attempt < 100; attempt++)
                {
                    if (start(_choices) is not { } probe)
                        continue;
                    probes.Add(probe);
                    return;
                }
            });
        }
        Simulation.RunFor(over);
        Instant latest = Simulation.Now + LongestLookup;
        while (Simulation.Now < latest && !probes.TrueForAll(p => p.Report is not null))
            Simulation.RunFor(TimeSpan.FromSeconds(1));
        return probes;
    }

    /// <summary>Stops a random part of the given hosts at once, without a word.</summary>
    /// <param name="hosts">Those who may die; the bootstrap nodes are spared.</param>
    /// <param name="share">Which part of them shall be dead afterwards.</param>
    public void Kill(IReadOnlyList<int> hosts, double share)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        List<int> alive = [.. hosts.Where(h => h >= BootstrapHosts && Simulation.Hosts[h].IsUp)];
        int dying = alive.Count - (int)Math.Round(hosts.Count * (1 - share));
        for (int i = 0; i < dying; i++)
        {
            int at = _choices.Next(i, alive.Count);
            (alive[i], alive[at]) = (alive[at], alive[i]);
            Simulation.Stop(Simulation.Hosts[alive[i]]);
        }
    }

    /// <summary>A public IPv4 address.</summary>
    private static IPAddress DrawAddress(SeededRandom random)
    {
        while (true)
        {
            uint bits = (uint)random.NextInt64(1L << 32);
            var candidate = new NodeEndPoint(0, bits, Port, false);
            if (candidate.IsPlausible && !candidate.IsLocal && (byte)bits is not (0 or 255))
                return candidate.Address;
        }
    }
}
