namespace Compeer.Protocols.Gossipsub;

/// <summary>What two copies of one message have in common; made by <see cref="GossipsubOptions.IdOf"/>. Compared by its bytes.</summary>
public readonly struct MessageId : IEquatable<MessageId>
{
    /// <summary>Longest id that is read from others.</summary>
    public const int MaxBytes = 256;

    private readonly byte[]? _bytes;
    private readonly int _hash;

    /// <param name="bytes">The id; not copied, not to be changed.</param>
    public MessageId(byte[] bytes)
    {
        _bytes = bytes;
        var hash = new HashCode();
        hash.AddBytes(bytes);
        _hash = hash.ToHashCode();
    }

    /// <summary>The id.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public bool Equals(MessageId other) => _hash == other._hash && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is MessageId other && Equals(other);

    public override int GetHashCode() => _hash;

    public override string ToString() => Convert.ToHexStringLower(Bytes);

    public static bool operator ==(MessageId left, MessageId right) => left.Equals(right);

    public static bool operator !=(MessageId left, MessageId right) => !left.Equals(right);
}
