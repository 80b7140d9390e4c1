using System.Collections.Immutable;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossipsub;

/// <summary>
/// Publishes and subscribes: messages spread along a mesh of a few peers for each topic, others are told what there is and ask for what they lack,
/// and peers are scored by what they do. Single-threaded; never throws on what others send; bounds in <see cref="GossipsubOptions"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs gossipsub v1.0, v1.1 and v1.2; peers of floodsub get every message.</remarks>
public sealed partial class GossipsubRouter<TPeer> : IOverlayMachine<TPeer, GossipsubRpc>
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>Drafts that wait to be used again: as many as peers that are spoken to at once, mostly.</summary>
    private const int MaxSpareDrafts = 32;

    private readonly GossipsubOptions _options;
    private readonly Random _random;
    private readonly Dictionary<TPeer, Neighbour> _neighbours = [];
    private readonly Dictionary<string, Mesh> _meshes = [];
    private readonly Dictionary<string, Fanout> _fanouts = [];
    private readonly MessageCache<TPeer> _cache;
    private readonly SeenMessages<TPeer> _seen;
    private readonly Queue<GossipsubEvent<TPeer>> _events = new();
    private readonly Queue<TPeer> _toSend = new();
    private readonly Stack<RpcDraft> _spareDrafts = new();
    private readonly List<TPeer> _chosen = [];
    private readonly HashSet<MessageId> _lacking = [];

    /// <summary>Connected peers that get messages without being in a mesh: direct ones, and those of floodsub.</summary>
    private int _beside;

    /// <param name="options">Bounds and times.</param>
    /// <param name="random">Chooses among peers.</param>
    /// <param name="now">The time.</param>
    public GossipsubRouter(GossipsubOptions options, Random random, Instant now)
    {
        _options = options;
        _random = random;
        _cache = new MessageCache<TPeer>(options.HistoryLength, options.HistoryGossip, options.MaxHistoryBytes);
        _seen = new SeenMessages<TPeer>(options.SeenFor, options.MaxSeen);
        Scores = new PeerScores<TPeer>(options.Score ?? new PeerScoreOptions());
        _heartbeatAt = now + (options.Heartbeat * random.NextDouble());
        _decayAt = now + (options.Score?.DecayInterval ?? TimeSpan.Zero);
    }

    /// <summary>What is thought of peers.</summary>
    public PeerScores<TPeer> Scores { get; }

    /// <summary>Who wrote a message, to whom it need not be passed on; null knows no authors.</summary>
    public Func<PubsubMessage, TPeer?>? AuthorOf { get; set; }

    /// <summary>The topics that we take part in.</summary>
    public IReadOnlyCollection<string> Topics => _meshes.Keys;

    /// <summary>The members of our mesh of a topic; empty when we take no part in it.</summary>
    public IReadOnlyCollection<TPeer> MeshOf(string topic) => _meshes.TryGetValue(topic, out Mesh? mesh) ? mesh.Members : [];

    /// <summary>Connected peers that take part in a topic.</summary>
    public IEnumerable<TPeer> PeersOf(string topic) => _neighbours.Where(n => n.Value.TakesPartIn(topic)).Select(n => n.Key);

    /// <summary>A peer can be spoken to.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="version">What it speaks.</param>
    /// <param name="isOutbound">We made the connection.</param>
    /// <param name="address">A number for the address that it comes from; 0 when that is not known.</param>
    /// <param name="isDirect">An agreement: it gets every message and may send whatever it likes, and is in no mesh.</param>
    public void AddPeer(TPeer peer, PubsubVersion version, bool isOutbound, ulong address = 0, bool isDirect = false)
    {
        if (_neighbours.ContainsKey(peer))
            return;
        var neighbour = new Neighbour { Version = version, IsOutbound = isOutbound, IsDirect = isDirect };
        _neighbours[peer] = neighbour;
        _beside += neighbour.IsBesideMeshes ? 1 : 0;
        Scores.Add(peer, address);
        foreach (string topic in _meshes.Keys)
            Say(peer).Subscriptions.Add(new TopicSubscription(topic, true));
    }

    /// <summary>What a peer was told may be lost: it is told again which topics we take part in, and in which meshes it is.</summary>
    public void Greet(TPeer peer)
    {
        if (!_neighbours.ContainsKey(peer))
            return;
        foreach ((string topic, Mesh mesh) in _meshes)
        {
            Say(peer).Subscriptions.Add(new TopicSubscription(topic, true));
            if (mesh.Members.Contains(peer))
                Say(peer).Graft.Add(topic);
        }
    }

    /// <summary>A peer cannot be spoken to any more.</summary>
    public void RemovePeer(TPeer peer, Instant now)
    {
        if (!_neighbours.Remove(peer, out Neighbour? gone))
            return;
        _beside -= gone.IsBesideMeshes ? 1 : 0;
        foreach ((string topic, Mesh mesh) in _meshes)
        {
            if (mesh.Members.Remove(peer))
                Scores.OnPrune(peer, topic);
        }
        foreach (Fanout fanout in _fanouts.Values)
            fanout.Peers.Remove(peer);
        Scores.Remove(peer, now);
    }

    /// <summary>Takes part in a topic.</summary>
    public void Subscribe(string topic, Instant now)
    {
        if (_meshes.ContainsKey(topic))
            return;
        var mesh = new Mesh();
        _meshes[topic] = mesh;
        foreach (TPeer peer in _neighbours.Keys)
            Say(peer).Subscriptions.Add(new TopicSubscription(topic, true));
        if (_fanouts.Remove(topic, out Fanout? fanout))
        {
            foreach (TPeer peer in fanout.Peers.Where(p => MayGraft(p, _neighbours[p], topic, mesh, now)))
                Graft(peer, topic, mesh, now);
        }
        GraftSome(topic, mesh, _options.Degree - mesh.Members.Count, now, static (_, _) => true);
    }

    /// <summary>Takes no part in a topic any more.</summary>
    public void Unsubscribe(string topic, Instant now)
    {
        if (!_meshes.Remove(topic, out Mesh? mesh))
            return;
        foreach (TPeer peer in mesh.Members)
        {
            Scores.OnPrune(peer, topic);
            Say(peer).Prune.Add(new Prune(topic, _options.UnsubscribeBackoff, []));
        }
        foreach ((TPeer peer, Neighbour neighbour) in _neighbours)
        {
            neighbour.Backoffs[topic] = now + _options.UnsubscribeBackoff;
            Say(peer).Subscriptions.Add(new TopicSubscription(topic, false));
        }
    }

    /// <summary>Publishes a message of our own; false where it is too large, or was seen before.</summary>
    public bool Publish(PubsubMessage message, Instant now)
    {
        MessageId id = _options.IdOf(message);
        if (message.Data.Length > _options.MaxDataBytes || _seen.Find(id) is not null)
            return false;
        _seen.Judge(_seen.Add(id, message, now), Verdict.Accept, now);
        _cache.Put(id, message);
        foreach (TPeer peer in Receivers(message.Topic, now))
            Send(peer, id, message);
        return true;
    }

    /// <summary>The application's verdict on a message that arrived. Nothing happens where it is judged already, or forgotten.</summary>
    public void Judge(MessageId id, Verdict verdict, Instant now)
    {
        if (_seen.Find(id) is not { Verdict: null, Waiting: { } message } seen)
            return;
        Settle(id, message, seen, verdict, now);
    }

    /// <summary>What happened next; false when nothing did.</summary>
    public bool TryTakeEvent(out GossipsubEvent<TPeer> e) => _events.TryDequeue(out e!);

    public bool TryTransmit(out TPeer to, out GossipsubRpc message)
    {
        while (_toSend.TryDequeue(out to))
        {
            if (!_neighbours.TryGetValue(to, out Neighbour? neighbour) || neighbour.Draft is not { } draft)
                continue;
            if (draft.IsEmpty)
            {
                neighbour.Draft = null;
                if (_spareDrafts.Count < MaxSpareDrafts && draft.IsSmall)
                    _spareDrafts.Push(draft);
                continue;
            }
            message = draft.Take();
            // There may be more than one RPC holds.
            _toSend.Enqueue(to);
            return true;
        }
        (to, message) = (default, default);
        return false;
    }

    /// <summary>Nobody is there: the peer is forgotten.</summary>
    public void OnUndelivered(TPeer to, in GossipsubRpc message, Instant now) => RemovePeer(to, now);

    private double ScoreOf(TPeer peer) => _options.Score is null ? 0 : Scores.Of(peer);

    private bool IsAbove(TPeer peer, double? threshold) => threshold is not { } least || ScoreOf(peer) >= least;

    /// <summary>Who gets a message of our own.</summary>
    private IEnumerable<TPeer> Receivers(string topic, Instant now)
    {
        double? threshold = _options.Score?.PublishThreshold;
        if (_options.FloodPublish)
            return [.. PeersOf(topic).Where(p => _neighbours[p].IsDirect || IsAbove(p, threshold))];
        IEnumerable<TPeer> always = PeersOf(topic).Where(p => _neighbours[p] is { IsDirect: true } || (_neighbours[p].Version == PubsubVersion.Floodsub && IsAbove(p, threshold)));
        if (_meshes.TryGetValue(topic, out Mesh? mesh))
            return [.. mesh.Members.Union(always)];
        if (!_fanouts.TryGetValue(topic, out Fanout? fanout))
            _fanouts[topic] = fanout = new Fanout();
        fanout.PublishedAt = now;
        FillFanout(topic, fanout);
        return [.. fanout.Peers.Union(always)];
    }

    private void FillFanout(string topic, Fanout fanout)
    {
        double? threshold = _options.Score?.PublishThreshold;
        TPeer[] others = [.. PeersOf(topic).Where(p => !fanout.Peers.Contains(p) && _neighbours[p] is { IsDirect: false, Version: not PubsubVersion.Floodsub } && IsAbove(p, threshold))];
        _random.Shuffle(others);
        foreach (TPeer peer in others.Take(_options.Degree - fanout.Peers.Count))
            fanout.Peers.Add(peer);
    }

    private void Send(TPeer peer, MessageId id, PubsubMessage message)
    {
        Neighbour neighbour = _neighbours[peer];
        if (!neighbour.IsUnwanted(id))
            Say(peer, neighbour).Publish.Add(message);
    }

    /// <summary>What will be said to a peer next.</summary>
    private RpcDraft Say(TPeer peer) => Say(peer, _neighbours[peer]);

    private RpcDraft Say(TPeer peer, Neighbour neighbour)
    {
        if (neighbour.Draft is null)
        {
            neighbour.Draft = _spareDrafts.TryPop(out RpcDraft? spare) ? spare : new RpcDraft();
            _toSend.Enqueue(peer);
        }
        return neighbour.Draft;
    }

    /// <summary>A connected peer.</summary>
    private sealed class Neighbour
    {
        public PubsubVersion Version { get; init; }

        public bool IsOutbound { get; init; }

        public bool IsDirect { get; init; }

        public bool IsBesideMeshes => IsDirect || Version == PubsubVersion.Floodsub;

        public HashSet<string> Topics { get; } = [];

        /// <summary>The topic that was asked for last and is one of them: mostly it is the one that is asked for next.</summary>
        private string? LastFound { get; set; }

        /// <summary>Until when not to graft, by topic.</summary>
        public Dictionary<string, Instant> Backoffs { get; } = [];

        /// <summary>What it need not be sent, and in how many heartbeats that is forgotten.</summary>
        public Dictionary<MessageId, int>? Unwanted { get; set; }

        /// <summary>Messages it promised, and until when.</summary>
        public List<(MessageId Id, Instant Until)> Promises { get; } = [];

        public int IHaves { get; set; }

        public int Asked { get; set; }

        public int IDontWants { get; set; }

        public RpcDraft? Draft { get; set; }

        public bool TakesPartIn(string topic)
        {
            if (topic == LastFound)
                return true;
            bool takesPart = Topics.Contains(topic);
            if (takesPart)
                LastFound = topic;
            return takesPart;
        }

        public bool Leave(string topic)
        {
            LastFound = null;
            return Topics.Remove(topic);
        }

        public bool IsBackedOff(string topic, Instant now) => Backoffs.Count > 0 && Backoffs.TryGetValue(topic, out Instant until) && now < until;

        public bool IsUnwanted(MessageId id) => Unwanted?.ContainsKey(id) == true;
    }

    private sealed class Mesh
    {
        public HashSet<TPeer> Members { get; } = [];
    }

    private sealed class Fanout
    {
        public HashSet<TPeer> Peers { get; } = [];

        public Instant PublishedAt { get; set; }
    }
}
