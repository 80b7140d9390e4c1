using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Compeer.Protocols.Turn;

/// <summary>
/// Where a STUN server or a relay is, as people write it: <c>stun:HOST[:PORT]</c> or <c>turn:USER:PASSWORD@HOST[:PORT]</c>.
/// Special characters of user and password are percent-encoded; an IPv6 address stands in brackets. Spec: RFC 7064, RFC 7065.
/// </summary>
/// <remarks>DEVIATION: RFC 7065 has no place for user and password; a relay of a contact is passed on with them in one word.</remarks>
/// <param name="Host">A name or an address, without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Credentials">Null for a STUN server.</param>
public sealed record RelayUri(string Host, int Port, TurnCredentials? Credentials)
{
    public const int DefaultPort = 3478;

    private const int MaxLength = 1024;

    private static readonly SearchValues<char> NoHost = SearchValues.Create("/?#@[] \\");

    /// <summary>Whether it can relay, not only tell addresses.</summary>
    public bool IsRelay => Credentials is not null;

    /// <summary>Reads either form; false when something is missing or left over.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RelayUri? uri)
    {
        uri = null;
        bool isTurn = text.StartsWith("turn:", StringComparison.OrdinalIgnoreCase);
        if (text.Length > MaxLength || (!isTurn && !text.StartsWith("stun:", StringComparison.OrdinalIgnoreCase)))
            return false;
        string rest = text[5..];
        const string Udp = "?transport=udp";
        if (rest.EndsWith(Udp, StringComparison.OrdinalIgnoreCase))
            rest = rest[..^Udp.Length];
        TurnCredentials? credentials = null;
        if (isTurn)
        {
            int at = rest.LastIndexOf('@'), colon = rest.IndexOf(':', StringComparison.Ordinal);
            if (at <= 0 || colon <= 0 || colon > at - 2)
                return false;
            credentials = new TurnCredentials(Uri.UnescapeDataString(rest[..colon]), Uri.UnescapeDataString(rest[(colon + 1)..at]));
            rest = rest[(at + 1)..];
        }
        if (!TrySplitPort(rest, out string host, out int port))
            return false;
        uri = new RelayUri(host, port, credentials);
        return true;
    }

    /// <summary>The address without the password, fit to be shown.</summary>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return IsRelay ? $"turn:{Uri.EscapeDataString(Credentials!.Username)}@{host}:{Port}" : $"stun:{host}:{Port}";
    }

    private static bool TrySplitPort(string text, out string host, out int port)
    {
        port = DefaultPort;
        int end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        if (end < 0)
            end = text.Length;
        host = text[..end].Trim('[', ']');
        if (host.Length == 0 || host.AsSpan().ContainsAny(NoHost) || (text.StartsWith('[') && !System.Net.IPAddress.TryParse(host, out _)))
            return false;
        if (end == text.Length)
            return true;
        return text[end] == ':' && int.TryParse(text[(end + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
    }
}
