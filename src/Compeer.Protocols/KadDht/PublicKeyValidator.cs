using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.KadDht;

/// <summary>The namespace "/pk/": at "/pk/" and the bytes of a peer id stands the peer's public key. Spec: libp2p/specs kad-dht; the key is RSA's, others stand in the id.</summary>
public sealed class PublicKeyValidator : IRecordValidator
{
    /// <summary>What keys begin with.</summary>
    public static ReadOnlySpan<byte> Prefix => "/pk/"u8;

    /// <summary>The key under which a peer's public key is found.</summary>
    public static byte[] KeyOf(PeerId peer) => [.. Prefix, .. peer.Bytes];

    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) =>
        key.StartsWith(Prefix) && PublicKey.TryDecode(value, out PublicKey? read) && key[Prefix.Length..].SequenceEqual(PeerId.FromPublicKey(read).Bytes);

    public int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => 0;
}
