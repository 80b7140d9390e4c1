using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Overlays;

/// <summary>Builds the digest of a message from its parts; the same in every process, unlike <see cref="HashCode"/>.</summary>
public readonly record struct MessageDigest(ulong Value)
{
    /// <summary>With one more part.</summary>
    public MessageDigest Add(ulong part) => new(SplitMix64.Mix(Value ^ part) + SplitMix64.Increment);

    /// <summary>With a part of the ring.</summary>
    public MessageDigest Add(RingKey key) => Add(key.Folded);

    /// <summary>With some contacts.</summary>
    public MessageDigest Add<TPeer>(ReadOnlySpan<RingContact<TPeer>> contacts)
        where TPeer : struct, IEquatable<TPeer>
    {
        MessageDigest sum = Add((ulong)contacts.Length);
        foreach (ref readonly RingContact<TPeer> contact in contacts)
            sum = sum.Add(contact.Key);
        return sum;
    }
}
