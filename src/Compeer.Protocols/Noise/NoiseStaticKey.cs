using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Sealing;

namespace Compeer.Protocols.Noise;

/// <summary>A static key of Noise with the signature that ties it to a peer's identity. May serve any number of handshakes; never stored.</summary>
public sealed class NoiseStaticKey
{
    /// <summary>Signs for a secret.</summary>
    /// <param name="x25519">The curve.</param>
    /// <param name="aeads">Makes the ciphers.</param>
    /// <param name="identity">Whose key it shall be.</param>
    /// <param name="secret">Random 32 bytes; the array is kept.</param>
    public NoiseStaticKey(IX25519 x25519, AeadFactory aeads, ISigner identity, byte[] secret)
    {
        X25519 = x25519;
        Aeads = aeads;
        Secret = secret;
        Identity = identity.PublicKey;
        var publicKey = new byte[NoiseXx.KeyBytes];
        x25519.WritePublicKey(secret, publicKey);
        Signature = identity.Sign(NoisePayload.Signed(publicKey));
    }

    /// <summary>The peer that signed.</summary>
    public PublicKey Identity { get; }

    internal IX25519 X25519 { get; }

    internal AeadFactory Aeads { get; }

    internal byte[] Secret { get; }

    internal byte[] Signature { get; }
}
