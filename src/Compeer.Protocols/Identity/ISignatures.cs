using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Identity;

/// <summary>Checks signatures of all types of peers' keys. Thread-safe. Spec: libp2p/specs peer-ids, "Key Types".</summary>
public interface ISignatures
{
    /// <summary>Whether a signature over a message is that of a key; false too for a key that is malformed, too weak or too large.</summary>
    bool Verify(PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
