namespace Compeer.Protocols.KadDht;

/// <summary>What makes a value right for a key, for all keys of one namespace. Pure and thread-safe; never throws on any input.</summary>
public interface IRecordValidator
{
    /// <summary>Whether a value may stand at a key at a time.</summary>
    bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now);

    /// <summary>Positive when the first of two valid values is the better one, negative when the second is, 0 when they are as good as each other.</summary>
    int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

    /// <summary>When a valid value ends by itself; null when it does not, and its holders decide.</summary>
    DateTimeOffset? EndOf(ReadOnlySpan<byte> value) => null;
}
