using Compeer.Network.SecureChannels;
using Compeer.Protocols.KadDht;

namespace Compeer.Network.KadDht;

/// <summary>Whether a host serves the DHT, or only asks others. Spec: libp2p/specs kad-dht, "Client and server mode".</summary>
public enum KadMode
{
    /// <summary>It serves while strangers can dial the host, as <see cref="Hosting.PeerHost.Reachability"/> says.</summary>
    Automatic,

    /// <summary>It only asks.</summary>
    Client,

    /// <summary>It serves, whether it is reached or not: for private networks, and for those who know.</summary>
    Server,
}

/// <summary>Which addresses are told to others and believed of them.</summary>
public enum KadScope
{
    /// <summary>All: for private DHTs.</summary>
    Any,

    /// <summary>Those of the Internet.</summary>
    Public,

    /// <summary>Those of local networks.</summary>
    Private,
}

/// <summary>How a host takes part in a DHT. Worst case: that of <see cref="KadOptions"/>, and <see cref="MaxAnswerBytes"/> a question under way.</summary>
public sealed record KadDhtServiceOptions
{
    /// <summary>The public DHT.</summary>
    public const string PublicProtocol = "/ipfs/kad/1.0.0";

    /// <summary>The DHT of a local network.</summary>
    public const string LanProtocol = "/ipfs/lan/kad/1.0.0";

    /// <summary>The DHT's name: hosts with another one never meet.</summary>
    public string Protocol { get; init; } = PublicProtocol;

    /// <summary>Whether the host serves.</summary>
    public KadMode Mode { get; init; } = KadMode.Automatic;

    /// <summary>Which addresses count.</summary>
    public KadScope Scope { get; init; } = KadScope.Public;

    /// <summary>What makes values right: "/pk/" and "/ipns/" unless set.</summary>
    public RecordRules Rules { get; init; } = RecordRules.Of(OpenSslKeys.Instance);

    /// <summary>What the DHT keeps over a restart, like a <see cref="KadFileArchive"/>: values and providers of others, and what the host publishes and provides. Whoever made it disposes of it, after the service; null for nothing.</summary>
    public IKadArchive? Archive { get; init; }

    /// <summary>Changes timers and bounds of the node.</summary>
    public Func<KadOptions, KadOptions> Configure { get; init; } = o => o;

    /// <summary>Searches under way at once for the application; further ones wait.</summary>
    public int MaxSearches { get; init; } = 64;

    /// <summary>From dialling a peer to its whole answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A stream without a question so long is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest question that is read.</summary>
    public int MaxQuestionBytes { get; init; } = KadMessage.MaxWriteBytes;

    /// <summary>The longest answer that is read: some send more than <see cref="KadMessage.MaxWriteBytes"/>.</summary>
    public int MaxAnswerBytes { get; init; } = 128 * 1024;

    /// <summary>Streams of one peer that are served at once; further ones are reset.</summary>
    public int MaxStreamsOfPeer { get; init; } = 32;
}
