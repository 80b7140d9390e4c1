using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.LocalDiscovery;

/// <summary>Encodes and decodes announcements on the local network. Spec: BEP 14.</summary>
public static class LocalDiscoveryCodec
{
    /// <summary>Longest datagram sent, so that none is cut on the way.</summary>
    public const int MaxLengthBytes = 1400;

    /// <summary>Info-hashes that fit one datagram.</summary>
    public const int MaxInfoHashes = 24;

    private const int MaxReadBytes = 2048;
    private const int MaxCookieLength = 64;

    private static readonly SearchValues<char> CookieCharacters =
        SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.");

    /// <summary>The group of IPv4, and its port.</summary>
    public static IPEndPoint GroupV4 { get; } = new(IPAddress.Parse("239.192.152.143"), 6771);

    /// <summary>The group of IPv6, and its port.</summary>
    public static IPEndPoint GroupV6 { get; } = new(IPAddress.Parse("ff15::efc0:988f"), 6771);

    /// <summary>Writes an announcement for one of the groups.</summary>
    /// <exception cref="ArgumentException">It names no torrent or more than <see cref="MaxInfoHashes"/>.</exception>
    public static byte[] Write(LocalAnnouncement announcement, IPEndPoint group)
    {
        if (announcement.InfoHashes.Length is 0 or > MaxInfoHashes)
            throw new ArgumentException($"An announcement names 1 to {MaxInfoHashes} torrents.", nameof(announcement));
        var text = new StringBuilder(256);
        text.Append("BT-SEARCH * HTTP/1.1\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Host: {group}\r\nPort: {announcement.Port}\r\n");
        foreach (Sha1Hash hash in announcement.InfoHashes)
            text.Append(CultureInfo.InvariantCulture, $"Infohash: {hash}\r\n");
        if (announcement.Cookie is { } cookie)
            text.Append(CultureInfo.InvariantCulture, $"cookie: {cookie}\r\n");
        text.Append("\r\n\r\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>
    /// Reads an announcement. False when it is longer than 2,048 bytes, not of this form, has not exactly one port of 1..65535,
    /// or names no torrent, too many, or one that is not 40 hexadecimal digits. Other headers are passed over.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, [NotNullWhen(true)] out LocalAnnouncement? announcement)
    {
        announcement = null;
        if (datagram.Length > MaxReadBytes || !Ascii.IsValid(datagram))
            return false;
        string text = Encoding.ASCII.GetString(datagram);
        int line = 0;
        int? port = null;
        string? cookie = null;
        var hashes = new List<Sha1Hash>();
        foreach (Range range in text.AsSpan().Split("\r\n"))
        {
            ReadOnlySpan<char> header = text.AsSpan(range);
            if (line++ == 0)
            {
                if (!header.SequenceEqual("BT-SEARCH * HTTP/1.1"))
                    return false;
                continue;
            }
            if (header.IsEmpty)
                break;
            if (!TryHeader(header, ref port, ref cookie, hashes))
                return false;
        }
        if (port is null || hashes.Count == 0)
            return false;
        announcement = new LocalAnnouncement(port.Value, [.. hashes.Distinct()], cookie);
        return true;
    }

    private static bool TryHeader(ReadOnlySpan<char> header, ref int? port, ref string? cookie, List<Sha1Hash> hashes)
    {
        int colon = header.IndexOf(':');
        if (colon <= 0)
            return false;
        ReadOnlySpan<char> name = header[..colon];
        ReadOnlySpan<char> value = header[(colon + 1)..].Trim(" \t");
        if (name.Equals("Port", StringComparison.OrdinalIgnoreCase))
        {
            if (port is not null || !ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
                return false;
            port = number;
        }
        else if (name.Equals("Infohash", StringComparison.OrdinalIgnoreCase))
        {
            if (hashes.Count == MaxInfoHashes + 8 || !Sha1Hash.TryParseHex(value, out Sha1Hash hash))
                return false;
            hashes.Add(hash);
        }
        else if (name.Equals("cookie", StringComparison.OrdinalIgnoreCase) && value.Length <= MaxCookieLength && !value.ContainsAnyExcept(CookieCharacters))
        {
            cookie = value.ToString();
        }
        return true;
    }
}
