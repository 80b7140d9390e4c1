namespace Compeer.Protocols.SetReconciliation;

/// <summary>Numbers of seven bits a byte, the most significant first, the high bit set on all but the last byte.</summary>
/// <remarks>Spec: Negentropy protocol v1, "Varint". Not the varint of multiformats, which begins with the least significant.</remarks>
internal static class Base128
{
    public const int MaxBytes = 10;

    public static int Write(ulong value, Span<byte> bytes)
    {
        int length = 1;
        for (ulong rest = value >> 7; rest != 0; rest >>= 7)
            length++;
        for (int i = length - 1; i >= 0; i--, value >>= 7)
            bytes[i] = (byte)((value & 0x7F) | (i == length - 1 ? 0u : 0x80u));
        return length;
    }

    /// <summary>Reads a number off the front; false when it is cut off or does not fit into 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(bytes.Length, MaxBytes); i++)
        {
            if (value > ulong.MaxValue >> 7)
                return false;
            value = (value << 7) | (bytes[i] & 0x7Fu);
            if ((bytes[i] & 0x80) != 0)
                continue;
            bytes = bytes[(i + 1)..];
            return true;
        }
        return false;
    }
}
