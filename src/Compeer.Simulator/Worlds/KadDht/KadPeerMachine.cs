using Compeer.Formats.Multiformats;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.Overlays;

namespace Compeer.Simulator.Worlds.KadDht;

/// <summary>A question or an answer between two simulated nodes.</summary>
/// <param name="Id">The asker's number for it.</param>
/// <param name="IsAnswer">It goes back.</param>
/// <param name="IsRefused">The asked one resets the stream.</param>
/// <param name="Message">What; null says only that it arrived.</param>
public readonly record struct KadParcel(long Id, bool IsAnswer, bool IsRefused, KadMessage? Message) : IOverlayMessage
{
    public int KindNumber => (IsAnswer ? 8 : 0) + (int)(Message?.Type ?? KadMessageType.AddProvider);

    public ulong Digest => new MessageDigest((ulong)KindNumber).Add((ulong)Id).Add((ulong)(Message?.Key.Length ?? 0))
        .Add((ulong)(Message?.CloserPeers.Count ?? 0)).Add((ulong)(Message?.ProviderPeers.Count ?? 0)).Value;
}

/// <summary>The node of the DHT as the host runs it, where streams are messages and peers are numbers.</summary>
/// <param name="node">The node.</param>
/// <param name="directory">All peers by number.</param>
internal sealed class KadPeerMachine(KadNode node, KadDirectory directory) : IOverlayMachine<int, KadParcel>
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly Queue<(int To, KadParcel Parcel)> _outbox = new();
    private readonly Queue<(Instant At, long Id)> _timeouts = new();
    private readonly HashSet<int> _connected = [];

    public KadNode Node => node;

    public Instant NextDeadline => Instant.Min(node.NextDeadline, _timeouts.TryPeek(out (Instant At, long Id) next) ? next.At : Instant.Never);

    public void Receive(int from, in KadParcel message, Instant now)
    {
        if (message.IsAnswer)
        {
            if (message.IsRefused)
                node.OnFailure(message.Id, now);
            else
                node.OnResponse(message.Id, message.Message, 0, now);
            return;
        }
        bool isTaken = node.TryAnswer(directory.IdOf(from), 0, message.Message!, now, out KadMessage? answer);
        _outbox.Enqueue((from, new KadParcel(message.Id, true, !isTaken, answer)));
        // Who connects says by identify that it serves.
        if (_connected.Add(from))
            node.OnServer(directory.IdOf(from), now);
    }

    public void OnUndelivered(int to, in KadParcel message, Instant now)
    {
        if (!message.IsAnswer)
            node.OnFailure(message.Id, now);
    }

    public void OnDeadline(Instant now)
    {
        while (_timeouts.TryPeek(out (Instant At, long Id) next) && next.At <= now)
            node.OnFailure(_timeouts.Dequeue().Id, now);
        if (node.NextDeadline <= now)
            node.OnDeadline(now);
    }

    public bool TryTransmit(out int to, out KadParcel message)
    {
        if (_outbox.TryDequeue(out (int To, KadParcel Parcel) answer))
        {
            (to, message) = answer;
            return true;
        }
        (to, message) = (0, default);
        if (!node.TryTakeRequest(out KadRequest? request))
            return false;
        (to, message) = (directory.NumberOf(request.To), new KadParcel(request.Id, false, false, request.Message));
        _timeouts.Enqueue((directory.Now() + RequestTimeout, request.Id));
        return true;
    }
}

/// <summary>Which number is which peer; every host keeps its id when it comes back.</summary>
internal sealed class KadDirectory(Func<Instant> now)
{
    private readonly List<PeerId> _ids = [];
    private readonly List<Key256> _keys = [];
    private readonly Dictionary<PeerId, int> _numbers = [];

    public Func<Instant> Now => now;

    public void Add(Random random)
    {
        byte[] key = new byte[32];
        random.NextBytes(key);
        PeerId id = PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, key));
        _numbers[id] = _ids.Count;
        _ids.Add(id);
        _keys.Add(KadContact.KeyOf(id));
    }

    public bool Knows(PeerId id) => _numbers.ContainsKey(id);

    public PeerId IdOf(int number) => _ids[number];

    public Key256 KeyOf(int number) => _keys[number];

    public int NumberOf(PeerId id) => _numbers[id];
}
