using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols.KadDht;

namespace Compeer.Network.KadDht;

/// <summary>A line of the archive: a <see cref="ChecksummedLine"/> of what <see cref="KadKeptCodec"/> wrote, in base64.</summary>
internal static class KadArchiveLine
{
    /// <summary>The longest line with its end.</summary>
    public const int MaxBytes = ((KadKeptCodec.MaxBytes + 2) / 3 * 4) + ChecksummedLine.PrefixBytes + 1;

    /// <summary>The line with its end.</summary>
    public static byte[] Format(ReadOnlySpan<byte> content) => ChecksummedLine.Format(Encoding.ASCII.GetBytes(Convert.ToBase64String(content)));

    /// <summary>Reads a line without its end; false when it is damaged.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, [NotNullWhen(true)] out byte[]? name, out KadKept? kept)
    {
        (name, kept) = (null, null);
        if (!ChecksummedLine.IsSound(line))
            return false;
        byte[] content = new byte[Base64.GetMaxDecodedFromUtf8Length(line.Length)];
        return Base64.DecodeFromUtf8(line[ChecksummedLine.PrefixBytes..], content, out _, out int length) == System.Buffers.OperationStatus.Done
            && KadKeptCodec.TryDecode(content.AsSpan(0, length), out name, out kept);
    }
}
