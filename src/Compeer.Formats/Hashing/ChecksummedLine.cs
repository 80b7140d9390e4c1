using System.Globalization;

namespace Compeer.Formats.Hashing;

/// <summary>
/// A line of a file that is only appended to, which tells whether it was cut or damaged:
/// <code>
/// +----------------------------------+-------+------+-----------+
/// | CRC-32 of the body, 8 hex digits | blank | body | line feed |
/// +----------------------------------+-------+------+-----------+
/// </code>
/// </summary>
public static class ChecksummedLine
{
    /// <summary>Bytes before the body.</summary>
    public const int PrefixBytes = ChecksumDigits + 1;

    private const int ChecksumDigits = 8;

    /// <summary>The line with its end.</summary>
    /// <param name="body">Without a line feed.</param>
    public static byte[] Format(ReadOnlySpan<byte> body)
    {
        byte[] line = new byte[PrefixBytes + body.Length + 1];
        Crc32.Of(body).TryFormat(line, out _, "x8", CultureInfo.InvariantCulture);
        line[ChecksumDigits] = (byte)' ';
        body.CopyTo(line.AsSpan(PrefixBytes));
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Whether a line, without its end, is as it was written; then the body begins at <see cref="PrefixBytes"/>.</summary>
    public static bool IsSound(ReadOnlySpan<byte> line) =>
        line.Length >= PrefixBytes && line[ChecksumDigits] == ' '
        && uint.TryParse(line[..ChecksumDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint checksum)
        && Crc32.Of(line[PrefixBytes..]) == checksum;
}
