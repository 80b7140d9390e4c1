using System.Collections.Frozen;

namespace Compeer.Protocols.Gossipsub;

/// <summary>
/// What weighs in a peer's score, and what a score leads to. The weights make sure that whoever is in a mesh and forwards nothing ends below
/// zero whatever else it does: see <see cref="TopicScoreOptions"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs gossipsub v1.1, "Peer Scoring".</remarks>
public sealed record PeerScoreOptions
{
    /// <summary>Below it no gossip is given or taken. Negative.</summary>
    public double GossipThreshold { get; init; } = -10;

    /// <summary>Below it our own messages are not sent to the peer. At most <see cref="GossipThreshold"/>.</summary>
    public double PublishThreshold { get; init; } = -50;

    /// <summary>Below it nothing of the peer is heard. Below <see cref="PublishThreshold"/>.</summary>
    public double GraylistThreshold { get; init; } = -80;

    /// <summary>Peers offered by a peer are taken from this score on. Not negative.</summary>
    public double AcceptOfferThreshold { get; init; } = 10;

    /// <summary>A mesh whose median is below takes in better peers. Not negative.</summary>
    public double OpportunisticGraftThreshold { get; init; } = 1;

    /// <summary>How often counters shrink.</summary>
    public TimeSpan DecayInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Below it a counter is zero.</summary>
    public double DecayToZero { get; init; } = 0.01;

    /// <summary>How long the score of a peer that is gone is remembered.</summary>
    public TimeSpan RetainScore { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Peers that are gone and whose score is remembered; a good score is forgotten before a bad one.</summary>
    public int MaxRetained { get; init; } = 10_000;

    /// <summary>At most so much good comes from topics.</summary>
    public double TopicScoreCap { get; init; } = 100;

    /// <summary>Weight of what the application thinks of a peer (P5).</summary>
    public double ApplicationWeight { get; init; } = 1;

    /// <summary>Weight of the square of peers beyond <see cref="ColocationThreshold"/> at one address (P6). Negative.</summary>
    public double ColocationWeight { get; init; } = -10;

    /// <summary>So many at one address are nothing strange.</summary>
    public int ColocationThreshold { get; init; } = 10;

    /// <summary>Weight of the square of misbehaviour beyond <see cref="BehaviourThreshold"/> (P7). Negative.</summary>
    public double BehaviourWeight { get; init; } = -10;

    /// <summary>So much happens to everybody.</summary>
    public double BehaviourThreshold { get; init; } = 2;

    /// <summary>What is left of misbehaviour after a <see cref="DecayInterval"/>.</summary>
    public double BehaviourDecay { get; init; } = 0.99;

    /// <summary>What counts in topics that <see cref="Topics"/> does not name; null when nothing does.</summary>
    public TopicScoreOptions? AnyTopic { get; init; } = new();

    /// <summary>What counts in topics, by their names.</summary>
    public FrozenDictionary<string, TopicScoreOptions> Topics { get; init; } = FrozenDictionary<string, TopicScoreOptions>.Empty;

    /// <summary>What counts in a topic; null when nothing does.</summary>
    public TopicScoreOptions? Of(string topic) => Topics.GetValueOrDefault(topic) ?? AnyTopic;
}

/// <summary>What weighs in one topic.</summary>
/// <remarks>
/// The most that one can have without forwarding anything is <see cref="TimeInMeshCap"/> times <see cref="TimeInMeshWeight"/>. Once active in the mesh, such
/// a peer lacks the whole <see cref="MeshDeliveriesThreshold"/>, whose square by its weight is far more.
/// </remarks>
public sealed record TopicScoreOptions
{
    /// <summary>Weight of the topic among others.</summary>
    public double TopicWeight { get; init; } = 1;

    /// <summary>Weight of the time in the mesh (P1).</summary>
    public double TimeInMeshWeight { get; init; } = 0.01;

    /// <summary>Time that counts one.</summary>
    public TimeSpan TimeInMeshQuantum { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most that counts.</summary>
    public double TimeInMeshCap { get; init; } = 300;

    /// <summary>Weight of messages that the peer gave first (P2).</summary>
    public double FirstDeliveriesWeight { get; init; } = 1;

    /// <summary>What is left of them after a decay interval.</summary>
    public double FirstDeliveriesDecay { get; init; } = 0.97;

    /// <summary>The most that counts.</summary>
    public double FirstDeliveriesCap { get; init; } = 50;

    /// <summary>Weight of the square of what is lacking of <see cref="MeshDeliveriesThreshold"/> (P3). Not positive; 0 where too little is published to expect anything.</summary>
    public double MeshDeliveriesWeight { get; init; }

    /// <summary>What is left of deliveries after a decay interval.</summary>
    public double MeshDeliveriesDecay { get; init; } = 0.97;

    /// <summary>The most that counts.</summary>
    public double MeshDeliveriesCap { get; init; } = 50;

    /// <summary>What a member of the mesh delivers at least.</summary>
    public double MeshDeliveriesThreshold { get; init; } = 5;

    /// <summary>A copy that comes so soon after the first counts as delivered too.</summary>
    public TimeSpan MeshDeliveryWindow { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>After so long in the mesh it is expected.</summary>
    public TimeSpan MeshDeliveriesActivation { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Weight of what was lacking when a peer left the mesh (P3b). Not positive.</summary>
    public double MeshFailureWeight { get; init; }

    /// <summary>What is left of it after a decay interval.</summary>
    public double MeshFailureDecay { get; init; } = 0.97;

    /// <summary>Weight of the square of messages that were invalid (P4). Negative.</summary>
    public double InvalidDeliveriesWeight { get; init; } = -20;

    /// <summary>What is left of them after a decay interval.</summary>
    public double InvalidDeliveriesDecay { get; init; } = 0.995;

    /// <summary>For topics in which something is published at least once a second or so: who is in the mesh must forward.</summary>
    public static TopicScoreOptions Busy { get; } = new() { MeshDeliveriesWeight = -1, MeshFailureWeight = -1 };
}
