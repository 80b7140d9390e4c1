namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>Whether connections to peers are obfuscated.</summary>
/// <remarks>Message stream encryption hides what the bytes are from a line that looks for patterns. It authenticates nobody and keeps no secret from whoever knows the info-hash.</remarks>
public enum EncryptionPolicy
{
    /// <summary>Plain only: dialled plain, and encrypted starts are refused.</summary>
    Forbid,

    /// <summary>
    /// An encrypted handshake where the peer can, and after it RC4 if both offer it over the internet; plain otherwise.
    /// All are accepted.
    /// </summary>
    Prefer,

    /// <summary>RC4 only, in both directions; a peer that offers less is refused.</summary>
    Require,
}
