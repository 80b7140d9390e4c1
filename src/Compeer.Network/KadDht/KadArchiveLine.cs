using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols.KadDht;

namespace Compeer.Network.KadDht;

/// <summary>
/// A line of the archive, as the node's state has them: eight hex digits (CRC-32 of the rest of the line), a blank, and what
/// <see cref="KadKeptCodec"/> wrote in base64.
/// </summary>
internal static class KadArchiveLine
{
    /// <summary>The longest line with its end.</summary>
    public const int MaxBytes = ((KadKeptCodec.MaxBytes + 2) / 3 * 4) + Prefix + 1;

    private const int ChecksumDigits = 8;
    private const int Prefix = ChecksumDigits + 1;

    /// <summary>The line with its end.</summary>
    public static byte[] Format(ReadOnlySpan<byte> content)
    {
        string text = Convert.ToBase64String(content);
        return Encoding.ASCII.GetBytes($"{Crc32.Of(Encoding.ASCII.GetBytes(text)):x8} {text}\n");
    }

    /// <summary>Reads a line without its end; false when it is damaged.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, [NotNullWhen(true)] out byte[]? name, out KadKept? kept)
    {
        (name, kept) = (null, null);
        if (line.Length < Prefix || line[ChecksumDigits] != ' '
            || !uint.TryParse(line[..ChecksumDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint checksum) || Crc32.Of(line[Prefix..]) != checksum)
            return false;
        byte[] content = new byte[Base64.GetMaxDecodedFromUtf8Length(line.Length)];
        return Base64.DecodeFromUtf8(line[Prefix..], content, out _, out int length) == System.Buffers.OperationStatus.Done
            && KadKeptCodec.TryDecode(content.AsSpan(0, length), out name, out kept);
    }
}
