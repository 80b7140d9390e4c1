using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Identity;

/// <summary>Whoever holds the secret half of a peer's key. Thread-safe.</summary>
public interface ISigner
{
    /// <summary>The public half, which names the peer.</summary>
    PublicKey PublicKey { get; }

    /// <summary>Signs a message as keys of its type do. Spec: libp2p/specs peer-ids, "Key Types".</summary>
    byte[] Sign(ReadOnlySpan<byte> message);
}
