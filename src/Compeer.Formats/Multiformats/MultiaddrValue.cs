using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Compeer.Formats.Multiformats;

/// <summary>How the value of one kind of protocol is written as text and as bytes. Both directions refuse what the other could not take back.</summary>
internal abstract class MultiaddrValue
{
    public static readonly MultiaddrValue Address = new AddressValue();
    public static readonly MultiaddrValue Port = new PortValue();
    public static readonly MultiaddrValue Mask = new MaskValue();
    public static readonly MultiaddrValue Text = new TextValue();
    public static readonly MultiaddrValue Escaped = new EscapedValue();
    public static readonly MultiaddrValue Path = new PathValue();
    public static readonly MultiaddrValue PeerId = new PeerIdValue();
    public static readonly MultiaddrValue CertHash = new CertHashValue();
    public static readonly MultiaddrValue Onion = new OnionValue();
    public static readonly MultiaddrValue Garlic64 = new Garlic64Value();
    public static readonly MultiaddrValue Garlic32 = new Garlic32Value();
    public static readonly MultiaddrValue Hex = new HexValue();

    /// <summary>Longest value in bytes; I2P destinations are the longest that are known.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Reads text; null where it is no value of this kind.</summary>
    public abstract byte[]? FromText(string text);

    /// <summary>Writes bytes that were read; null where they are no value of this kind.</summary>
    public abstract string? ToText(ReadOnlySpan<byte> bytes);

    private static string? Utf8Text(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || !System.Text.Unicode.Utf8.IsValid(bytes))
            return null;
        string text = Encoding.UTF8.GetString(bytes);
        return text.Any(char.IsControl) ? null : text;
    }

    private static bool TryReadPort(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);

    private sealed class AddressValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) =>
            IPAddress.TryParse(text, out IPAddress? address) && (text.Contains(':', StringComparison.Ordinal) || address.ToString() == text)
            && !text.Contains('%', StringComparison.Ordinal) ? address.GetAddressBytes() : null;

        public override string ToText(ReadOnlySpan<byte> bytes) => new IPAddress(bytes).ToString();
    }

    private sealed class PortValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) => TryReadPort(text, out ushort port) ? [(byte)(port >> 8), (byte)port] : null;

        public override string ToText(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes).ToString(CultureInfo.InvariantCulture);
    }

    private sealed class MaskValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) =>
            byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out byte bits) ? [bits] : null;

        public override string ToText(ReadOnlySpan<byte> bytes) => bytes[0].ToString(CultureInfo.InvariantCulture);
    }

    private sealed class TextValue : MultiaddrValue
    {
        public override byte[]? FromText(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            return ToText(bytes) is null ? null : bytes;
        }

        public override string? ToText(ReadOnlySpan<byte> bytes) => bytes.Contains((byte)'/') ? null : Utf8Text(bytes);
    }

    private sealed class EscapedValue : MultiaddrValue
    {
        public override byte[]? FromText(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Uri.UnescapeDataString(text));
            return ToText(bytes) is null ? null : bytes;
        }

        public override string? ToText(ReadOnlySpan<byte> bytes) => Utf8Text(bytes) is string text ? Uri.EscapeDataString(text) : null;
    }

    private sealed class PathValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) => text.Length == 0 ? null : Encoding.UTF8.GetBytes('/' + text);

        public override string? ToText(ReadOnlySpan<byte> bytes) =>
            Utf8Text(bytes) is string text && text.Length > 1 && text[0] == '/' && text[^1] != '/' ? text[1..] : null;
    }

    private sealed class PeerIdValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) => Multiformats.PeerId.TryParse(text, out PeerId id) ? id.Bytes.ToArray() : null;

        public override string? ToText(ReadOnlySpan<byte> bytes) => Multiformats.PeerId.TryDecode(bytes, out PeerId id) ? id.ToString() : null;
    }

    private sealed class CertHashValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) => Multibase.TryDecode(text, out _, out byte[] bytes) && Multihash.TryDecode(bytes, out _) ? bytes : null;

        public override string? ToText(ReadOnlySpan<byte> bytes) =>
            Multihash.TryDecode(bytes, out _) ? Multibase.Encode(MultibaseEncoding.Base64Url, bytes) : null;
    }

    /// <summary>Tor: the service's name of 10 bytes (16 characters) or 35 (56), and a port.</summary>
    private sealed class OnionValue : MultiaddrValue
    {
        public override byte[]? FromText(string text)
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon > 0 && MultibaseEncoding.Base32.TryDecode(text.AsSpan(0, colon), out byte[] name)
                && TryReadPort(text[(colon + 1)..], out ushort port) && port > 0 ? [.. name, (byte)(port >> 8), (byte)port] : null;
        }

        public override string? ToText(ReadOnlySpan<byte> bytes)
        {
            ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[^2..]);
            return port == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{MultibaseEncoding.Base32.Encode(bytes[..^2])}:{port}");
        }
    }

    /// <summary>An I2P destination: base64 with '-' and '~', 386 bytes or more.</summary>
    private sealed class Garlic64Value : MultiaddrValue
    {
        private const int ShortestBytes = 386;

        public override byte[]? FromText(string text) =>
            MultibaseEncoding.Base64Pad.TryDecode(text.Replace('-', '+').Replace('~', '/'), out byte[] bytes) && bytes.Length >= ShortestBytes ? bytes : null;

        public override string? ToText(ReadOnlySpan<byte> bytes) =>
            bytes.Length < ShortestBytes ? null : MultibaseEncoding.Base64Pad.Encode(bytes).Replace('+', '-').Replace('/', '~');
    }

    /// <summary>An I2P address: the 32 bytes of a hash, or 35 and more for encrypted lease sets.</summary>
    private sealed class Garlic32Value : MultiaddrValue
    {
        public override byte[]? FromText(string text) =>
            MultibaseEncoding.Base32.TryDecode(text, out byte[] bytes) && ToText(bytes) is not null ? bytes : null;

        public override string? ToText(ReadOnlySpan<byte> bytes) => bytes.Length is 32 or >= 35 ? MultibaseEncoding.Base32.Encode(bytes) : null;
    }

    private sealed class HexValue : MultiaddrValue
    {
        public override byte[]? FromText(string text) => MultibaseEncoding.Base16.TryDecode(text, out byte[] bytes) ? bytes : null;

        public override string ToText(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);
    }
}
