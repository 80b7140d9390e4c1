namespace Compeer.Formats.Multiformats;

/// <summary>Kinds of keys that name peers. Spec: libp2p/specs peer-ids, "Key Types".</summary>
public enum KeyType
{
    Rsa = 0,
    Ed25519 = 1,
    Secp256k1 = 2,
    Ecdsa = 3,
}
