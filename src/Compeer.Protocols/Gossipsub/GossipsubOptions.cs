using System.Security.Cryptography;

namespace Compeer.Protocols.Gossipsub;

/// <summary>How a router behaves, and its bounds. The defaults are those of the specification.</summary>
/// <remarks>
/// Spec: libp2p/specs gossipsub v1.0 "Parameters", v1.1 "Overview of New Parameters", v1.2 "Parameters". Worst case of memory:
/// <see cref="MaxHistoryBytes"/>, <see cref="MaxSeen"/> ids, and for each peer <see cref="MaxTopicsPerPeer"/> names of topics.
/// </remarks>
public sealed record GossipsubOptions
{
    /// <summary>No back-off is longer, whatever a peer says.</summary>
    public static readonly TimeSpan MaxBackoff = TimeSpan.FromHours(1);

    /// <summary>Members of a mesh wanted (D).</summary>
    public int Degree { get; init; } = 6;

    /// <summary>With fewer, more are taken in (D_lo).</summary>
    public int DegreeLow { get; init; } = 5;

    /// <summary>With more, some are dropped (D_hi).</summary>
    public int DegreeHigh { get; init; } = 12;

    /// <summary>Of those that stay then, so many are the best by score (D_score).</summary>
    public int DegreeScore { get; init; } = 4;

    /// <summary>Members of a mesh to whom we made the connection (D_out).</summary>
    public int DegreeOutbound { get; init; } = 2;

    /// <summary>Peers outside the mesh that are told what there is, at least (D_lazy).</summary>
    public int DegreeLazy { get; init; } = 6;

    /// <summary>The same as a share of them.</summary>
    public double GossipFactor { get; init; } = 0.25;

    /// <summary>How often the meshes are looked after.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Heartbeats for which a message can be asked for.</summary>
    public int HistoryLength { get; init; } = 5;

    /// <summary>Heartbeats for which it is told of.</summary>
    public int HistoryGossip { get; init; } = 3;

    /// <summary>Content of the messages that can be asked for; older ones are forgotten early.</summary>
    public int MaxHistoryBytes { get; init; } = 8 << 20;

    /// <summary>For so long a message is known as seen.</summary>
    public TimeSpan SeenFor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Ids known as seen; the oldest are forgotten first.</summary>
    public int MaxSeen { get; init; } = 100_000;

    /// <summary>How long to publish to the same peers of a topic that we do not take part in.</summary>
    public TimeSpan FanoutFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Our own messages go to all peers of the topic, not only to the mesh.</summary>
    public bool FloodPublish { get; init; } = true;

    /// <summary>After a prune, no graft for so long.</summary>
    public TimeSpan PruneBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The same after we left the topic.</summary>
    public TimeSpan UnsubscribeBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Added to what we were told, until the heartbeat that ends it.</summary>
    public TimeSpan BackoffSlack { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A graft so soon after a prune is a flood.</summary>
    public TimeSpan GraftFloodWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Peers offered with a prune.</summary>
    public int OfferedPeers { get; init; } = 16;

    /// <summary>Heartbeats between two looks whether better peers should be grafted.</summary>
    public int OpportunisticGraftTicks { get; init; } = 60;

    /// <summary>How many are grafted then.</summary>
    public int OpportunisticGrafts { get; init; } = 2;

    /// <summary>Ids that a peer may tell, and we ask it for, in a heartbeat.</summary>
    public int MaxIHaveIds { get; init; } = 5000;

    /// <summary>IHAVEs of a peer that are read in a heartbeat.</summary>
    public int MaxIHaves { get; init; } = 10;

    /// <summary>How often a message is given to one peer that asks.</summary>
    public int MaxRetransmissions { get; init; } = 3;

    /// <summary>A message that was told of and asked for comes within this time.</summary>
    public TimeSpan PromiseWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>From this size on, peers are told that a message is here already.</summary>
    public int IDontWantBytes { get; init; } = 1024;

    /// <summary>Ids that a peer may say it does not want, in a heartbeat.</summary>
    public int MaxIDontWants { get; init; } = 1000;

    /// <summary>Heartbeats for which that is remembered.</summary>
    public int IDontWantTicks { get; init; } = 3;

    /// <summary>Topics of one peer that are noted.</summary>
    public int MaxTopicsPerPeer { get; init; } = 1000;

    /// <summary>Largest content of a message, in bytes.</summary>
    public int MaxDataBytes { get; init; } = 1 << 20;

    /// <summary>Messages that wait for the application's verdict; more are ignored.</summary>
    public int MaxUnjudged { get; init; } = 1024;

    /// <summary>What is expected of peers, and what becomes of those that do otherwise; null for no scores.</summary>
    public PeerScoreOptions? Score { get; init; } = new();

    /// <summary>The id of a message. All who take part in a topic must make it alike.</summary>
    public Func<PubsubMessage, MessageId> IdOf { get; init; } = OriginStamp;

    /// <summary>The author and its number: the id of signed messages.</summary>
    public static MessageId OriginStamp(PubsubMessage message) => new([.. message.From ?? [], .. message.SequenceNumber ?? []]);

    /// <summary>The SHA-256 of topic and content: an id for messages that are not signed.</summary>
    public static MessageId ContentHash(PubsubMessage message)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(message.Topic));
        hash.AppendData(message.Data.Span);
        return new MessageId(hash.GetHashAndReset());
    }
}
