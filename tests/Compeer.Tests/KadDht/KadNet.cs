using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;

namespace Compeer.Tests.KadDht;

/// <summary>Nodes in one process: questions are answered at once, and time is what a test says.</summary>
internal sealed class KadNet
{
    private readonly Dictionary<PeerId, Multiaddr> _addresses = [];
    private readonly Random _random = new(7);

    public Dictionary<PeerId, KadNode> Nodes { get; } = [];

    /// <summary>Answers in the place of a node, where it wants to.</summary>
    public Dictionary<PeerId, Func<KadMessage, KadMessage?>> Liars { get; } = [];

    /// <summary>Told of every question.</summary>
    public Action<PeerId, KadRequest>? OnRequest { get; set; }

    public Instant Now { get; set; } = Instant.Zero + TimeSpan.FromHours(1);

    public DateTimeOffset Time { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public List<KadEvent> Events { get; } = [];

    public static PeerId NewPeer(Random random)
    {
        byte[] key = new byte[32];
        random.NextBytes(key);
        return PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, key));
    }

    public KadOptions Options => new() { Rules = RecordRules.Of(OpenSslKeys.Instance).With("lab", new GreaterIsBetter()), AddressesOf = p => _addresses.TryGetValue(p, out Multiaddr? a) ? [a] : [], Clock = () => Time };

    public PeerId Add(Func<KadOptions, KadOptions>? configure = null)
    {
        PeerId id = NewPeer(_random);
        _addresses[id] = Multiaddr.FromTcp(new IPEndPoint(new IPAddress([10, (byte)_random.Next(256), (byte)_random.Next(256), (byte)_random.Next(1, 255)]), 4001));
        Nodes[id] = new KadNode(id, (configure ?? (o => o))(Options), new Random(Nodes.Count));
        return id;
    }

    /// <summary>So many nodes, each of which has looked itself up.</summary>
    public PeerId[] Grow(int count)
    {
        PeerId[] all = [.. Enumerable.Range(0, count).Select(_ => Add())];
        foreach (PeerId id in all)
        {
            if (id != all[0])
                Nodes[id].OnServer(all[0], Now);
            // A peer that is asked learns of the asker by identify.
            Nodes[all[0]].OnServer(id, Now);
            Run();
            Nodes[id].FindClosest(id.Bytes.ToArray(), Now);
            Run();
        }
        return all;
    }

    /// <summary>Delivers until nobody has a question; the number of questions.</summary>
    public int Run()
    {
        int count = 0;
        for (bool any = true; any;)
        {
            any = false;
            foreach ((PeerId id, KadNode node) in Nodes.ToArray())
            {
                while (node.TryTakeRequest(out KadRequest? request))
                {
                    any = true;
                    count++;
                    Deliver(id, node, request);
                }
                while (node.TryTakeEvent(out KadEvent? happened))
                    Events.Add(happened);
            }
        }
        return count;
    }

    public KadSearchEnded Ended(long search) => Events.OfType<KadSearchEnded>().Single(e => e.Search == search);

    private void Deliver(PeerId from, KadNode node, KadRequest request)
    {
        Assert.NotEqual(KadMessageType.Ping, request.Message.Type);
        OnRequest?.Invoke(from, request);
        Assert.True(KadMessage.TryDecode(request.Message.Encode(), out KadMessage? question));
        KadMessage? answer = null;
        bool isAnswered = Liars.TryGetValue(request.To, out Func<KadMessage, KadMessage?>? liar)
            ? (answer = liar(question)) is not null
            : Nodes.TryGetValue(request.To, out KadNode? asked) && asked.TryAnswer(from, 0, question, Now, out answer);
        if (!isAnswered)
        {
            node.OnFailure(request.Id, Now);
            return;
        }
        node.OnResponse(request.Id, answer, 0, Now);
        if (Nodes.TryGetValue(request.To, out KadNode? other))
            other.OnServer(from, Now);
    }

    /// <summary>Values begin with "v"; the greater is the better.</summary>
    private sealed class GreaterIsBetter : IRecordValidator
    {
        public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => value.StartsWith("v"u8);

        public int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => first.SequenceCompareTo(second);
    }
}
