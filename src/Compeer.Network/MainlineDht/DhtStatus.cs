using System.Net;

namespace Compeer.Network.MainlineDht;

/// <summary>A snapshot of the DHT.</summary>
/// <param name="NodesV4">Contacts over IPv4.</param>
/// <param name="NodesV6">Contacts over IPv6.</param>
/// <param name="ExternalV4">Our IPv4 address as others see it.</param>
/// <param name="ExternalV6">Our IPv6 address as others see it.</param>
/// <param name="IsReadOnly">Nobody reaches us unasked, so others are told not to list us.</param>
/// <param name="Swarms">Swarms whose peers we store for others.</param>
/// <param name="Items">Items that we store for others.</param>
/// <param name="StrangersHeardV4">Questions over IPv4 of nodes to which we had sent nothing: others can reach us.</param>
/// <param name="StrangersHeardV6">The same over IPv6.</param>
public sealed record DhtStatus(
    int NodesV4, int NodesV6, IPAddress? ExternalV4, IPAddress? ExternalV6, bool IsReadOnly, int Swarms, int Items, long StrangersHeardV4, long StrangersHeardV6)
{
    /// <summary>Contacts in all.</summary>
    public int Nodes => NodesV4 + NodesV6;
}
