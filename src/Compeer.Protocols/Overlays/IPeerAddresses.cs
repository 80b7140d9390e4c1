using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Overlays;

/// <summary>Where peers may be dialled: asked when a message names a peer, told when a message has named one. Thread-safe and bounded.</summary>
public interface IPeerAddresses
{
    /// <summary>What is known of a peer, of ourselves too; the best first.</summary>
    IReadOnlyList<Multiaddr> AddressesOf(PeerId peer);

    /// <summary>Somebody said that a peer may be dialled there, which may be wrong: only a handshake proves it.</summary>
    void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses);
}
