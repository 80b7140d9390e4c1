using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>A way to make a raw stream private and to know who is at its other end. Thread-safe.</summary>
public interface ISecureChannel
{
    /// <summary>The name by which both sides choose it: "/noise", "/tls/1.0.0".</summary>
    string Protocol { get; }

    /// <summary>Shakes hands over a stream.</summary>
    /// <param name="raw">The stream; taken over on success, still the caller's to dispose of on failure.</param>
    /// <param name="isInitiator">Whether we dialled.</param>
    /// <param name="expected">The only peer that is accepted, or null for any.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SecureChannelException">Refused: wrong key, bad signature, another peer, malformed, too slow.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The stream failed.</exception>
    Task<SecuredConnection> SecureAsync(PeerStream raw, bool isInitiator, PeerId? expected, CancellationToken cancellationToken);
}
