using System.Buffers;

namespace Compeer.Formats.Multiformats;

/// <summary>Unsigned integers of at most 63 bits, seven bits a byte, the lowest first, in the fewest bytes that hold them.</summary>
/// <remarks>Spec: multiformats/unsigned-varint; nine bytes at most, longer forms than needed are refused.</remarks>
public static class UnsignedVarint
{
    /// <summary>Most bytes that a number takes.</summary>
    public const int MaxLength = 9;

    /// <summary>
    /// Reads the number at the start of <paramref name="source"/>: Done, NeedMoreData where it is cut, or InvalidData where no
    /// continuation could make it valid. <paramref name="length"/> is what was consumed, 0 unless Done.
    /// </summary>
    public static OperationStatus Read(ReadOnlySpan<byte> source, out ulong value, out int length)
    {
        value = 0;
        length = 0;
        for (int i = 0; i < MaxLength; i++)
        {
            if (i == source.Length)
            {
                value = 0;
                return OperationStatus.NeedMoreData;
            }
            byte next = source[i];
            value |= (next & 0x7FUL) << (7 * i);
            if (next >= 0x80)
                continue;
            if (next == 0 && i > 0)
                break;
            length = i + 1;
            return OperationStatus.Done;
        }
        value = 0;
        return OperationStatus.InvalidData;
    }

    /// <summary>Reads the number at the start of <paramref name="source"/>; false where it is cut, too long or not minimal.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong value, out int length) =>
        Read(source, out value, out length) == OperationStatus.Done;

    /// <summary>How many bytes a number takes.</summary>
    public static int LengthOf(ulong value) => Math.Max(1, (64 - (int)ulong.LeadingZeroCount(value) + 6) / 7);

    /// <summary>A message with its length before it, as streams of libp2p carry them.</summary>
    public static byte[] Framed(ReadOnlySpan<byte> message)
    {
        byte[] framed = new byte[LengthOf((ulong)message.Length) + message.Length];
        message.CopyTo(framed.AsSpan(Write(framed, (ulong)message.Length)));
        return framed;
    }

    /// <summary>Writes a number and tells how many bytes it took.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number has more than 63 bits.</exception>
    /// <exception cref="ArgumentException">The target is too short.</exception>
    public static int Write(Span<byte> target, ulong value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, (ulong)long.MaxValue);
        if (target.Length < LengthOf(value))
            throw new ArgumentException($"{value} takes {LengthOf(value)} bytes, not {target.Length}.", nameof(target));
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            target[length++] = (byte)(value | 0x80);
        target[length++] = (byte)value;
        return length;
    }

    /// <summary>Writes a number.</summary>
    public static void Write(IBufferWriter<byte> output, ulong value) => output.Advance(Write(output.GetSpan(MaxLength), value));
}
