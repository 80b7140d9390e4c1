namespace Compeer.Protocols.Gossipsub;

/// <summary>How peers behave, as seen from here: each has a score, which nobody else is told. Single-threaded.</summary>
/// <remarks>Spec: libp2p/specs gossipsub v1.1, "The Score Function", P1 to P7.</remarks>
public sealed class PeerScores<TPeer>(PeerScoreOptions options)
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Dictionary<TPeer, Standing> _peers = [];
    private readonly Dictionary<ulong, int> _atAddress = [];
    private int _retained;

    /// <summary>A peer is connected.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="address">A number for the address that it comes from; 0 when that is not known.</param>
    public void Add(TPeer peer, ulong address)
    {
        if (!_peers.TryGetValue(peer, out Standing? standing))
            _peers[peer] = standing = new Standing();
        else if (standing.GoneAt is not null)
            _retained--;
        standing.GoneAt = null;
        standing.Address = address;
        if (address != 0)
            _atAddress[address] = _atAddress.GetValueOrDefault(address) + 1;
    }

    /// <summary>A peer is gone. What is good about it is forgotten; what is not stays for a while.</summary>
    public void Remove(TPeer peer, Instant now)
    {
        if (!_peers.TryGetValue(peer, out Standing? standing) || standing.GoneAt is not null)
            return;
        double score = Of(peer);
        if (standing.Address != 0 && --_atAddress[standing.Address] == 0)
            _atAddress.Remove(standing.Address);
        if (score > 0 || _retained >= options.MaxRetained)
        {
            _peers.Remove(peer);
            return;
        }
        standing.OfTopics = null;
        foreach ((string topic, TopicStanding inTopic) in standing.Topics)
        {
            inTopic.FirstDeliveries = 0;
            Leave(topic, inTopic);
        }
        standing.GoneAt = now;
        _retained++;
    }

    /// <summary>The score of a peer; 0 for one that is not known.</summary>
    public double Of(TPeer peer)
    {
        if (!_peers.TryGetValue(peer, out Standing? standing))
            return 0;
        double score = standing.OfTopics ??= OfTopics(standing);
        score += options.ApplicationWeight * standing.ByApplication;
        if (standing.Address != 0 && _atAddress.GetValueOrDefault(standing.Address) - options.ColocationThreshold is > 0 and var surplus)
            score += options.ColocationWeight * surplus * surplus;
        if (standing.Behaviour - options.BehaviourThreshold is > 0 and var beyond)
            score += options.BehaviourWeight * beyond * beyond;
        return score;
    }

    /// <summary>What a peer does in topics (P1 to P4).</summary>
    private double OfTopics(Standing standing)
    {
        double score = 0;
        foreach ((string name, TopicStanding topic) in standing.Topics)
        {
            if (options.Of(name) is not { } weights)
                continue;
            double inTopic = 0;
            if (topic.MeshTime is { } time)
                inTopic += weights.TimeInMeshWeight * Math.Min(time / weights.TimeInMeshQuantum, weights.TimeInMeshCap);
            inTopic += weights.FirstDeliveriesWeight * topic.FirstDeliveries;
            inTopic += weights.MeshDeliveriesWeight * Deficit(topic, weights);
            inTopic += weights.MeshFailureWeight * topic.MeshFailures;
            inTopic += weights.InvalidDeliveriesWeight * topic.InvalidDeliveries * topic.InvalidDeliveries;
            score += weights.TopicWeight * inTopic;
        }
        return Math.Min(score, options.TopicScoreCap);
    }

    /// <summary>What the application thinks of a peer (P5).</summary>
    public void SetByApplication(TPeer peer, double value)
    {
        if (_peers.TryGetValue(peer, out Standing? standing))
            standing.ByApplication = value;
    }

    /// <summary>A peer broke a rule so many times (P7).</summary>
    public void Blame(TPeer peer, int times)
    {
        if (_peers.TryGetValue(peer, out Standing? standing))
            standing.Behaviour += times;
    }

    /// <summary>A peer is in the mesh of a topic now.</summary>
    public void OnGraft(TPeer peer, string topic, Instant now)
    {
        if (Find(peer, topic) is not { } standing)
            return;
        (standing.GraftedAt, standing.MeshTime, standing.IsExpectedToDeliver, standing.MeshDeliveries) = (now, TimeSpan.Zero, false, 0);
    }

    /// <summary>A peer is not in the mesh of a topic any more.</summary>
    public void OnPrune(TPeer peer, string topic)
    {
        if (!_peers.TryGetValue(peer, out Standing? standing) || !standing.Topics.TryGetValue(topic, out TopicStanding? inTopic))
            return;
        standing.OfTopics = null;
        Leave(topic, inTopic);
    }

    /// <summary>A peer gave a valid message first.</summary>
    public void OnFirstDelivery(TPeer peer, string topic)
    {
        if (Find(peer, topic) is not { } standing || options.Of(topic) is not { } weights)
            return;
        standing.FirstDeliveries = Math.Min(standing.FirstDeliveries + 1, weights.FirstDeliveriesCap);
        OnMeshDelivery(standing, weights);
    }

    /// <summary>A peer gave a valid message that another had given already.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="topic">The message's topic.</param>
    /// <param name="after">Time since the message was found valid; negative when that was later.</param>
    public void OnLaterDelivery(TPeer peer, string topic, TimeSpan after)
    {
        if (options.Of(topic) is { } weights && after <= weights.MeshDeliveryWindow && Find(peer, topic) is { } standing)
            OnMeshDelivery(standing, weights);
    }

    /// <summary>How long after a message was found valid further copies of it count; null in a topic where nothing counts.</summary>
    public TimeSpan? DeliveryWindowOf(string topic) => options.Of(topic)?.MeshDeliveryWindow;

    /// <summary>A peer gave an invalid message.</summary>
    public void OnInvalid(TPeer peer, string topic)
    {
        if (Find(peer, topic) is { } standing)
            standing.InvalidDeliveries++;
    }

    /// <summary>Counters shrink, and what is past is forgotten; called every <see cref="PeerScoreOptions.DecayInterval"/>.</summary>
    public void Decay(Instant now)
    {
        foreach ((TPeer peer, Standing standing) in _peers)
        {
            if (standing.GoneAt is { } gone)
            {
                // Waiting it out elsewhere does not help: the counters stand still.
                if (now - gone > options.RetainScore)
                {
                    _peers.Remove(peer);
                    _retained--;
                }
                continue;
            }
            standing.Behaviour = Shrink(standing.Behaviour, options.BehaviourDecay);
            standing.OfTopics = null;
            foreach ((string name, TopicStanding topic) in standing.Topics)
            {
                if (options.Of(name) is not { } weights)
                    continue;
                topic.FirstDeliveries = Shrink(topic.FirstDeliveries, weights.FirstDeliveriesDecay);
                topic.MeshDeliveries = Shrink(topic.MeshDeliveries, weights.MeshDeliveriesDecay);
                topic.MeshFailures = Shrink(topic.MeshFailures, weights.MeshFailureDecay);
                topic.InvalidDeliveries = Shrink(topic.InvalidDeliveries, weights.InvalidDeliveriesDecay);
                if (topic.MeshTime is null)
                    continue;
                topic.MeshTime = now - topic.GraftedAt;
                topic.IsExpectedToDeliver |= topic.MeshTime > weights.MeshDeliveriesActivation;
            }
        }
    }

    private static void OnMeshDelivery(TopicStanding standing, TopicScoreOptions weights)
    {
        if (standing.MeshTime is not null)
            standing.MeshDeliveries = Math.Min(standing.MeshDeliveries + 1, weights.MeshDeliveriesCap);
    }

    private static double Deficit(TopicStanding topic, TopicScoreOptions weights)
    {
        double lacking = topic.IsExpectedToDeliver ? Math.Max(0, weights.MeshDeliveriesThreshold - topic.MeshDeliveries) : 0;
        return lacking * lacking;
    }

    private void Leave(string topic, TopicStanding standing)
    {
        if (options.Of(topic) is { } weights)
            standing.MeshFailures += Deficit(standing, weights);
        (standing.MeshTime, standing.IsExpectedToDeliver) = (null, false);
    }

    private double Shrink(double value, double decay) => value * decay is var left && left >= options.DecayToZero ? left : 0;

    /// <summary>The standing of a connected peer in a topic that counts; whoever asks for it changes it.</summary>
    private TopicStanding? Find(TPeer peer, string topic)
    {
        if (options.Of(topic) is null || !_peers.TryGetValue(peer, out Standing? standing))
            return null;
        standing.OfTopics = null;
        if (!standing.Topics.TryGetValue(topic, out TopicStanding? inTopic))
            standing.Topics[topic] = inTopic = new TopicStanding();
        return inTopic;
    }

    private sealed class Standing
    {
        public Dictionary<string, TopicStanding> Topics { get; } = [];

        /// <summary>The part of the score that comes from topics; null when it must be counted anew.</summary>
        public double? OfTopics { get; set; }

        public ulong Address { get; set; }

        public double Behaviour { get; set; }

        public double ByApplication { get; set; }

        public Instant? GoneAt { get; set; }
    }

    private sealed class TopicStanding
    {
        public Instant GraftedAt { get; set; }

        /// <summary>Null outside the mesh.</summary>
        public TimeSpan? MeshTime { get; set; }

        public bool IsExpectedToDeliver { get; set; }

        public double FirstDeliveries { get; set; }

        public double MeshDeliveries { get; set; }

        public double MeshFailures { get; set; }

        public double InvalidDeliveries { get; set; }
    }
}
