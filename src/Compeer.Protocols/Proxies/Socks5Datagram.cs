using System.Net;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// Datagrams on their way through a SOCKS relay. Fragments are dropped, as the specification allows.
/// Spec: RFC 1928 section 7.
/// <code>
/// +-------+------+------+------+------+---------+
/// | RSV 2 | FRAG | ATYP | ADDR | PORT | payload |
/// +-------+------+------+------+------+---------+
/// </code>
/// </summary>
public static class Socks5Datagram
{
    /// <summary>The longest header.</summary>
    public const int MaxHeaderBytes = 3 + Socks5Address.MaxBytes;

    /// <summary>Writes the header for a target; the bytes written, 0 when the target cannot be said.</summary>
    public static int WriteHeader(Span<byte> output, ProxyTarget target)
    {
        if (!target.IsValid)
            return 0;
        output[..3].Clear();
        return 3 + Socks5Address.Write(output[3..], target);
    }

    /// <summary>Reads a datagram from the relay; <paramref name="from"/> is null when the relay names the sender.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out IPEndPoint? from, out ReadOnlySpan<byte> payload)
    {
        from = null;
        payload = default;
        if (datagram.Length < 3 || datagram[0] != 0 || datagram[1] != 0 || datagram[2] != 0
            || !Socks5Address.TryRead(datagram[3..], out from, out int length))
            return false;
        payload = datagram[(3 + length)..];
        return true;
    }
}
