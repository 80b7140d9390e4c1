namespace Compeer.Formats.Multiformats;

/// <summary>Bytes as digits of one large number; leading zero bytes are kept as leading zero digits. Takes time quadratic in the length.</summary>
internal static class Radix
{
    /// <summary>Longest input, so that quadratic time stays below a millisecond or so.</summary>
    public const int MaxLength = 2048;

    public static string Encode(ReadOnlySpan<byte> bytes, string alphabet)
    {
        int zeros = bytes.IndexOfAnyExcept((byte)0);
        if (zeros < 0)
            return new string(alphabet[0], bytes.Length);
        int radix = alphabet.Length;
        Span<byte> digits = new byte[bytes.Length * 8 / int.Log2(radix) + 1];
        int used = 0;
        foreach (byte next in bytes[zeros..])
        {
            int carry = next;
            for (int i = 0; i < used || carry > 0; i++)
            {
                carry += digits[i] << 8;
                digits[i] = (byte)(carry % radix);
                carry /= radix;
                used = Math.Max(used, i + 1);
            }
        }
        var text = new char[zeros + used];
        text.AsSpan(0, zeros).Fill(alphabet[0]);
        for (int i = 0; i < used; i++)
            text[^(i + 1)] = alphabet[digits[i]];
        return new string(text);
    }

    public static bool TryDecode(ReadOnlySpan<char> text, string alphabet, out byte[] bytes)
    {
        bytes = [];
        if (text.Length > MaxLength)
            return false;
        int zeros = text.IndexOfAnyExcept(alphabet[0]);
        if (zeros < 0)
            zeros = text.Length;
        Span<byte> value = new byte[text.Length];
        int used = 0;
        foreach (char c in text[zeros..])
        {
            int carry = alphabet.IndexOf(c, StringComparison.Ordinal);
            if (carry < 0)
                return false;
            for (int i = 0; i < used || carry > 0; i++)
            {
                carry += value[i] * alphabet.Length;
                value[i] = (byte)carry;
                carry >>= 8;
                used = Math.Max(used, i + 1);
            }
        }
        value[..used].Reverse();
        bytes = new byte[zeros + used];
        value[..used].CopyTo(bytes.AsSpan(zeros));
        return true;
    }
}
