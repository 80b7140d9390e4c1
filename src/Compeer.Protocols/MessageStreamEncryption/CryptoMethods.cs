namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>What may follow the handshake; the bits of crypto_provide and crypto_select.</summary>
/// <remarks>Spec: Message Stream Encryption, "crypto_provide". Other bits are reserved and ignored.</remarks>
[Flags]
public enum CryptoMethods : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Only the handshake is obfuscated; the peer wire follows as it is.</summary>
    Plaintext = 1,

    /// <summary>Everything is encrypted with RC4.</summary>
    Rc4 = 2,
}
