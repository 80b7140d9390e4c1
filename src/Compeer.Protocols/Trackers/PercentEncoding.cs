using System.Buffers;
using System.Text;

namespace Compeer.Protocols.Trackers;

/// <summary>Raw bytes in the query of an address. Spec: RFC 3986 section 2.1; the unreserved characters stand for themselves.</summary>
internal static class PercentEncoding
{
    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    public static StringBuilder Append(StringBuilder query, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (Unreserved.Contains(value))
                query.Append((char)value);
            else
                query.Append('%').Append(Digit(value >> 4)).Append(Digit(value & 15));
        }
        return query;
    }

    /// <summary>
    /// Decodes into <paramref name="destination"/>; '+' stands for a space as forms write it.
    /// False when it does not fit, an escape is cut, or a character is no byte.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        for (int i = 0; i < text.Length; i++)
        {
            int value = text[i];
            if (value == '%')
            {
                if (text.Length - i < 3 || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                    return false;
                value = (HexValue(text[i + 1]) << 4) | HexValue(text[i + 2]);
                i += 2;
            }
            else if (value == '+')
            {
                value = ' ';
            }
            if (value > byte.MaxValue || written == destination.Length)
                return false;
            destination[written++] = (byte)value;
        }
        return true;
    }

    private static char Digit(int value) => "0123456789ABCDEF"[value];

    private static int HexValue(char digit) => char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
