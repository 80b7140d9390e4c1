using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>What a completed handshake leaves to the stream.</summary>
/// <param name="Method">What follows; one bit.</param>
/// <param name="InfoHash">The swarm id that served as shared key.</param>
/// <param name="Incoming">Decrypts what the remote sends from here on; null when it is plain.</param>
/// <param name="Outgoing">Encrypts what we send from here on; null when it is plain.</param>
/// <param name="InitialPayload">What the initiator sent within its handshake, decrypted; empty for an initiator.</param>
public sealed record EncryptedSession(CryptoMethods Method, Sha1Hash InfoHash, Rc4? Incoming, Rc4? Outgoing, ReadOnlyMemory<byte> InitialPayload);
