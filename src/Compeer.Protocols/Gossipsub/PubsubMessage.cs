namespace Compeer.Protocols.Gossipsub;

/// <summary>A published message. Which of the optional parts are there, the signature policy says. Immutable.</summary>
/// <remarks>Spec: libp2p/specs pubsub/README.md, "The Message".</remarks>
/// <param name="Topic">Where it was published.</param>
/// <param name="Data">The content, opaque here.</param>
public sealed record PubsubMessage(string Topic, ReadOnlyMemory<byte> Data)
{
    /// <summary>The author's peer id, as bytes of its multihash; null when messages are not signed.</summary>
    public byte[]? From { get; init; }

    /// <summary>Eight bytes, big-endian, another for each message of an author; null when messages are not signed.</summary>
    public byte[]? SequenceNumber { get; init; }

    /// <summary>The author's signature; null when messages are not signed.</summary>
    public byte[]? Signature { get; init; }

    /// <summary>The author's public key in protobuf, where it does not stand in <see cref="From"/>.</summary>
    public byte[]? Key { get; init; }

    /// <summary>What the signature is over: the message as it was received, unknown fields too, without signature and key; null for one of our own that is not sealed yet.</summary>
    public ReadOnlyMemory<byte>? Signed { get; init; }
}
