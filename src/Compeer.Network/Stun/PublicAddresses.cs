using System.Net;
using System.Net.Sockets;
using Compeer.Protocols.Connecting;

namespace Compeer.Network.Stun;

/// <summary>Under which addresses others see us; never changes.</summary>
/// <param name="V4">Over IPv4; null while unknown.</param>
/// <param name="V6">Over IPv6; null while unknown.</param>
public sealed record PublicAddresses(PublicAddress? V4, PublicAddress? V6)
{
    /// <summary>Nobody has told yet.</summary>
    public static PublicAddresses None { get; } = new(null, null);

    /// <summary>Those that are known.</summary>
    public IEnumerable<PublicAddress> Known => new[] { V4, V6 }.OfType<PublicAddress>();

    /// <summary>That of a family; null while unknown.</summary>
    public PublicAddress? Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? V6 : V4;
}
