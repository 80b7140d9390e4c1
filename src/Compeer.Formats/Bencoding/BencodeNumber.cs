using System.Buffers.Text;

namespace Compeer.Formats.Bencoding;

/// <summary>The digits of a bencoded integer.</summary>
internal static class BencodeNumber
{
    /// <summary>Reads an optional minus and decimal digits that fit 64 bits. <paramref name="minimal"/>: no leading zero, no "-0".</summary>
    public static bool TryParse(ReadOnlySpan<byte> digits, out long value, out bool minimal)
    {
        minimal = false;
        if (digits.IsEmpty || digits[0] == '+' || !Utf8Parser.TryParse(digits, out value, out int consumed) || consumed != digits.Length)
        {
            value = 0;
            return false;
        }
        ReadOnlySpan<byte> magnitude = digits[0] == '-' ? digits[1..] : digits;
        minimal = magnitude[0] != '0' || digits.Length == 1;
        return true;
    }
}
