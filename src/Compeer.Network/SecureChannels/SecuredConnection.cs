using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>A private stream to a known peer.</summary>
/// <param name="Stream">What is sent and received here passes encrypted; owns the raw stream.</param>
/// <param name="RemoteKey">The key that the remote proved to hold.</param>
/// <param name="Muxer">The muxer that the handshake settled, or null: then multistream does.</param>
public sealed record SecuredConnection(PeerStream Stream, PublicKey RemoteKey, string? Muxer);
