namespace Compeer.Formats.Torrents;

/// <summary>Base32 as old magnet links write info-hashes. Spec: RFC 4648, section 6; without padding.</summary>
internal static class Base32
{
    /// <summary>Decodes exactly as many characters as fill <paramref name="target"/>.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> target)
    {
        if (text.Length * 5 != target.Length * 8)
            return false;
        int bits = 0;
        int count = 0;
        int written = 0;
        foreach (char c in text)
        {
            int value = char.ToUpperInvariant(c) switch
            {
                >= 'A' and <= 'Z' and var letter => letter - 'A',
                >= '2' and <= '7' and var digit => digit - '2' + 26,
                _ => -1,
            };
            if (value < 0)
                return false;
            bits = bits << 5 | value;
            count += 5;
            if (count < 8)
                continue;
            count -= 8;
            target[written++] = (byte)(bits >> count);
            bits &= (1 << count) - 1;
        }
        return true;
    }
}
