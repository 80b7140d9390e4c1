using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.Gossipsub;

/// <summary>Signs messages, and checks them as the strict policies demand.</summary>
/// <remarks>
/// Spec: libp2p/specs pubsub/README.md, "Message Signing". DEVIATION: the text leaves only the signature out of what is signed; go-libp2p and js-libp2p leave the key
/// out too, and so do we.
/// </remarks>
public static class MessageSigning
{
    private const int SequenceNumberBytes = 8;

    private static ReadOnlySpan<byte> Prefix => "libp2p-pubsub:"u8;

    /// <summary>A message stamped with its author and number, and signed (StrictSign).</summary>
    /// <param name="message">Topic and content.</param>
    /// <param name="number">Another one for each message of the author, also over restarts.</param>
    /// <param name="author">Signs.</param>
    public static PubsubMessage Sign(PubsubMessage message, ulong number, ISigner author)
    {
        PublicKey key = author.PublicKey;
        PeerId id = PeerId.FromPublicKey(key);
        byte[] stamp = new byte[SequenceNumberBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(stamp, number);
        PubsubMessage stamped = message with { From = id.Bytes.ToArray(), SequenceNumber = stamp, Key = id.TryGetPublicKey(out _) ? null : key.ToBytes(), Signature = null };
        byte[] signed = GossipsubRpcCodec.EncodeUnsigned(stamped);
        return stamped with { Signature = author.Sign([.. Prefix, .. signed]), Signed = signed };
    }

    /// <summary>Whether a received message is signed by whom it names (StrictSign).</summary>
    public static bool IsSigned(PubsubMessage message, ISignatures signatures)
    {
        if (message is not { From: { } from, SequenceNumber.Length: SequenceNumberBytes, Signature: { } signature, Signed: { } signed } || !PeerId.TryDecode(from, out PeerId author))
            return false;
        if (!author.TryGetPublicKey(out PublicKey? key) && !(message.Key is { } given && PublicKey.TryDecode(given, out key) && PeerId.FromPublicKey(key) == author))
            return false;
        return signatures.Verify(key, [.. Prefix, .. signed.Span], signature);
    }

    /// <summary>Whether a received message says nothing of its author (StrictNoSign).</summary>
    public static bool IsAnonymous(PubsubMessage message) => message is { From: null, SequenceNumber: null, Signature: null, Key: null };
}
