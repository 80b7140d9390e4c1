using Compeer.Formats.Multiformats;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Network.Gossipsub;

/// <summary>
/// How a <see cref="PubsubService"/> behaves, and its bounds. A peer may make it hold twice <see cref="MaxRpcBytes"/> half received and decoded,
/// <see cref="MaxQueuedBytes"/> to be sent, and what <see cref="GossipsubOptions"/> says.
/// </summary>
public sealed record PubsubOptions
{
    /// <summary>The rules of the mesh. Without signatures, messages are told apart by their content, unless <see cref="GossipsubOptions.IdOf"/> says otherwise.</summary>
    public GossipsubOptions Gossipsub { get; init; } = new();

    /// <summary>What is spoken, the best first; of /meshsub/1.2.0, 1.1.0, 1.0.0 and /floodsub/1.0.0.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = PubsubService.AllProtocols;

    /// <summary>Whether messages carry their author's signature.</summary>
    public SignaturePolicy Signatures { get; init; } = SignaturePolicy.StrictSign;

    /// <summary>Our subscriptions get our own messages too.</summary>
    public bool HearsItself { get; init; }

    /// <summary>Peers by agreement: they get every message and are in no mesh.</summary>
    public IReadOnlySet<PeerId> DirectPeers { get; init; } = new HashSet<PeerId>();

    /// <summary>A peer that we drop for want of room is told of others; meant for entry nodes.</summary>
    public bool OffersPeers { get; init; }

    /// <summary>Messages that wait for one subscriber; then the oldest is lost to him.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>Messages that are validated at once by validators that take their time; then nothing more is read.</summary>
    public int MaxValidations { get; init; } = 256;

    /// <summary>A validator has decided within this, or the message is ignored.</summary>
    public TimeSpan ValidationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest RPC that is read.</summary>
    public int MaxRpcBytes { get; init; } = 2 << 20;

    /// <summary>Bytes that wait to be sent to one peer; more is lost to it.</summary>
    public int MaxQueuedBytes { get; init; } = 2 << 20;

    /// <summary>A connected peer to which the stream broke is spoken to again after this.</summary>
    public TimeSpan GreetAfter { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Whether messages say who wrote them.</summary>
public enum SignaturePolicy
{
    /// <summary>Every message has author, number and a valid signature; others are rejected.</summary>
    StrictSign,

    /// <summary>No message has any of these; others are rejected.</summary>
    StrictNoSign,
}
