using System.Net;
using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Trackers;

/// <summary>How far an address reaches; a greater value reaches further, and a redirect may never lead to a lesser one.</summary>
public enum AddressReach
{
    /// <summary>Nobody can be there: unspecified, multicast, broadcast, reserved.</summary>
    Nowhere,

    /// <summary>This machine.</summary>
    Loopback,

    /// <summary>A local network: private, link-local, unique local, carrier-grade NAT.</summary>
    Private,

    /// <summary>The Internet.</summary>
    Global,
}

/// <summary>Sorts addresses by reach. Spec: RFC 6890 (special-purpose addresses), RFC 6598, RFC 4193.</summary>
public static class AddressReaches
{
    /// <summary>The reach of <paramref name="address"/>; an IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) counts as that IPv4 address.</summary>
    public static AddressReach Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out int length))
            return AddressReach.Nowhere;
        return length == 4 ? OfV4(bytes[..4]) : OfV6(bytes);
    }

    /// <summary>The reach of an address over TCP or UDP; one by name reaches nowhere, since who tells of it decides later where it leads.</summary>
    public static AddressReach Of(Multiaddr address) =>
        address.TryGetTcp(out IPEndPoint? endPoint) || address.TryGetUdp(out endPoint) ? Of(endPoint.Address) : AddressReach.Nowhere;

    /// <summary>The same of an address over TCP; any other reaches nowhere.</summary>
    public static AddressReach OfTcp(Multiaddr address) => address.TryGetTcp(out IPEndPoint? endPoint) ? Of(endPoint.Address) : AddressReach.Nowhere;

    private static AddressReach OfV4(ReadOnlySpan<byte> b) => b[0] switch
    {
        0 or >= 224 => AddressReach.Nowhere,
        127 => AddressReach.Loopback,
        10 => AddressReach.Private,
        100 when (b[1] & 0xC0) == 64 => AddressReach.Private,
        169 when b[1] == 254 => AddressReach.Private,
        172 when (b[1] & 0xF0) == 16 => AddressReach.Private,
        192 when b[1] == 168 => AddressReach.Private,
        198 when (b[1] & 0xFE) == 18 => AddressReach.Private,
        _ => AddressReach.Global,
    };

    private static AddressReach OfV6(ReadOnlySpan<byte> b)
    {
        ReadOnlySpan<byte> nat64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
        if (b[..10].IndexOfAnyExcept((byte)0) < 0 && b[10] == 0xff && b[11] == 0xff)
            return OfV4(b[12..]);
        if (b[..12].SequenceEqual(nat64))
            return OfV4(b[12..]);
        if (b[0] == 0x20 && b[1] == 0x02)
            return OfV4(b[2..6]);
        if (b[..15].IndexOfAnyExcept((byte)0) < 0)
            return b[15] == 1 ? AddressReach.Loopback : AddressReach.Nowhere;
        if (b[0] == 0xff)
            return AddressReach.Nowhere;
        if ((b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) is 0x80 or 0xc0))
            return AddressReach.Private;
        return (b[0] & 0xe0) == 0x20 ? AddressReach.Global : AddressReach.Nowhere;
    }

    /// <summary>Whether a peer can be at <paramref name="endpoint"/> at all.</summary>
    public static bool CanBePeer(IPEndPoint endpoint) =>
        endpoint.Port != 0
        && Of(endpoint.Address) != AddressReach.Nowhere;
}
