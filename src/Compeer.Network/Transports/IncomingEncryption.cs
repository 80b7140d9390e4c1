using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Network.Transports;

/// <summary>What a listener does about encryption.</summary>
/// <param name="Policy">Which starts are accepted.</param>
/// <param name="Find">Gives the swarm id for an <see cref="EncryptionKeys.RequestedKey"/>, or null when it is not served here. Called on any thread.</param>
public sealed record IncomingEncryption(EncryptionPolicy Policy, Func<Sha1Hash, Sha1Hash?> Find);
