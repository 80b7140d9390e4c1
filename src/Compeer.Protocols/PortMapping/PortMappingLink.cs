using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>Where we stand in the local network, as far as a router's answers can be checked against it.</summary>
/// <param name="Gateway">The router: the default gateway of <paramref name="Local"/>'s family.</param>
/// <param name="Local">Our own address towards it, which mappings lead to.</param>
/// <param name="PrefixLength">Leading bits of <paramref name="Local"/> that the whole local network shares.</param>
public sealed record PortMappingLink(IPAddress Gateway, IPAddress Local, int PrefixLength)
{
    /// <summary>Whether it is IPv6: then there is nothing to translate, and a mapping is a hole in the router's firewall.</summary>
    public bool IsV6 => Local.GetAddressBytes().Length == 16;

    /// <summary>Whether <paramref name="address"/> is another machine of the local network.</summary>
    public bool IsNeighbour(IPAddress address)
    {
        if (address.AddressFamily != Local.AddressFamily || address.Equals(Local))
            return false;
        Span<byte> theirs = stackalloc byte[16], ours = stackalloc byte[16];
        if (!address.TryWriteBytes(theirs, out int length) || !Local.TryWriteBytes(ours, out _))
            return false;
        int whole = Math.Clamp(PrefixLength / 8, 0, length), rest = whole < length ? PrefixLength % 8 : 0;
        return theirs[..whole].SequenceEqual(ours[..whole])
            && (rest == 0 || (theirs[whole] ^ ours[whole]) >> (8 - rest) == 0);
    }
}
