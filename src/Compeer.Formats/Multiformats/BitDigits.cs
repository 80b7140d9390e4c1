using System.Text;

namespace Compeer.Formats.Multiformats;

/// <summary>Bytes as digits of one to six bits each, the first bit first. Spec: RFC 4648.</summary>
internal static class BitDigits
{
    public static string Encode(ReadOnlySpan<byte> bytes, string alphabet, bool isPadded)
    {
        int width = int.Log2(alphabet.Length);
        var text = new StringBuilder(bytes.Length * 8 / width + 8);
        int bits = 0;
        int count = 0;
        foreach (byte next in bytes)
        {
            bits = bits << 8 | next;
            for (count += 8; count >= width;)
            {
                count -= width;
                text.Append(alphabet[bits >> count & (alphabet.Length - 1)]);
            }
            bits &= (1 << count) - 1;
        }
        if (count > 0)
            text.Append(alphabet[bits << (width - count) & (alphabet.Length - 1)]);
        while (isPadded && text.Length * width % 8 != 0)
            text.Append('=');
        return text.ToString();
    }

    /// <summary>Refuses what <see cref="Encode"/> never writes: wrong padding, a digit too many, bits behind the last byte that are not zero.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, string alphabet, bool isPadded, out byte[] bytes)
    {
        bytes = [];
        int width = int.Log2(alphabet.Length);
        ReadOnlySpan<char> digits = isPadded ? text.TrimEnd('=') : text;
        if (isPadded && (text.Length * width % 8 != 0 || (text.Length - digits.Length) * width >= 8 * width))
            return false;
        var target = new byte[digits.Length * width / 8];
        int bits = 0;
        int count = 0;
        int written = 0;
        foreach (char c in digits)
        {
            int value = alphabet.IndexOf(c, StringComparison.Ordinal);
            if (value < 0)
                return false;
            bits = bits << width | value;
            count += width;
            if (count < 8)
                continue;
            count -= 8;
            target[written++] = (byte)(bits >> count);
            bits &= (1 << count) - 1;
        }
        if (count >= width || bits != 0)
            return false;
        bytes = target;
        return true;
    }
}
