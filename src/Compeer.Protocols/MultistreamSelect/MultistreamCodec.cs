using System.Text;

namespace Compeer.Protocols.MultistreamSelect;

/// <summary>
/// Messages of the negotiation.
/// <code>
/// | length, varint | UTF-8 text | \n |   the length counts the newline
/// </code>
/// Spec: libp2p/specs connections/README.md, "multistream-select".
/// </summary>
public static class MultistreamCodec
{
    /// <summary>What both sides say first.</summary>
    public const string Header = "/multistream/1.0.0";

    /// <summary>The answer to a protocol that is not available.</summary>
    public const string NotAvailable = "na";

    /// <summary>The longest message that is read, newline included.</summary>
    public const int MaxMessageBytes = 1024;

    /// <summary>Bytes of the longest length that is read.</summary>
    internal const int MaxLengthBytes = 2;

    /// <summary>Appends a message.</summary>
    /// <exception cref="ArgumentException">The text is empty, too long, or has a newline.</exception>
    public static void Write(List<byte> output, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = bytes.Length + 1;
        if (length is 1 or > MaxMessageBytes || bytes.Contains((byte)'\n'))
            throw new ArgumentException($"The protocol '{text}' is empty, longer than {MaxMessageBytes - 1} bytes, or has a newline.", nameof(text));
        if (length >= 0x80)
            output.Add((byte)(length | 0x80));
        output.Add((byte)(length >= 0x80 ? length >> 7 : length));
        output.AddRange(bytes);
        output.Add((byte)'\n');
    }
}
