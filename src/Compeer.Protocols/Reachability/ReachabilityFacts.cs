using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Reachability;

/// <summary>What was measured of one node's place in the network. What was not measured is null or false, never guessed.</summary>
public sealed record ReachabilityFacts
{
    /// <summary>Our port, TCP and UDP.</summary>
    public required int Port { get; init; }

    /// <summary>Everything leaves through a proxy: nothing else was measured.</summary>
    public bool HasProxy { get; init; }

    /// <summary>The addresses of this machine, without loopback and link-local ones.</summary>
    public ImmutableArray<IPAddress> LocalAddresses { get; init; } = [];

    /// <summary>Under which IPv4 address others see us.</summary>
    public PublicAddress? PublicV4 { get; init; }

    /// <summary>Under which IPv6 address others see us.</summary>
    public PublicAddress? PublicV6 { get; init; }

    /// <summary>STUN servers that were named.</summary>
    public int StunServers { get; init; }

    /// <summary>How the NAT of IPv4 treats a port that nobody has mapped; null when no server was asked.</summary>
    public NatBehaviour? Nat { get; init; }

    /// <summary>The same for our own port, after the router was asked to map it; null when no server was asked.</summary>
    public NatBehaviour? OwnPort { get; init; }

    /// <summary>What comes in to our own port over IPv6, after the router was asked to open it; null when no server was asked there.</summary>
    public NatBehaviour? OwnPortV6 { get; init; }

    /// <summary>Where the router says that its firewall lets TCP in to us over IPv6.</summary>
    public IPEndPoint? PinholeTcp { get; init; }

    /// <summary>The router, when there is one that was asked; null when there is none.</summary>
    public IPAddress? Router { get; init; }

    /// <summary>Where the router says that it passes TCP on to us.</summary>
    public IPEndPoint? MappedTcp { get; init; }

    /// <summary>Where the router says that it passes UDP on to us.</summary>
    public IPEndPoint? MappedUdp { get; init; }

    /// <summary>The router's address outside, as it says.</summary>
    public IPAddress? RouterOutside { get; init; }

    /// <summary>Whether the DHT was tried.</summary>
    public bool HasDht { get; init; }

    /// <summary>Nodes of the DHT that answered.</summary>
    public int DhtNodes { get; init; }

    /// <summary>Questions over IPv4 of nodes to which we had sent nothing.</summary>
    public long StrangersHeard { get; init; }

    /// <summary>The same over IPv6.</summary>
    public long StrangersHeardV6 { get; init; }

    /// <summary>Whether the relay that was named gave us a port; null when none was named.</summary>
    public bool? RelayWorks { get; init; }

    /// <summary>Anybody answered over UDP.</summary>
    public bool HasUdp => Nat is { IsUdpBlocked: false } || OwnPort is { IsUdpBlocked: false } || OwnPortV6 is { IsUdpBlocked: false } || DhtNodes > 0;

    /// <summary>This machine has an IPv6 address.</summary>
    public bool HasV6 => LocalAddresses.Any(StunAddressCodec.IsV6);

    /// <summary>This machine has IPv6 addresses and no others.</summary>
    public bool IsOnlyV6 => !LocalAddresses.IsEmpty && LocalAddresses.All(StunAddressCodec.IsV6);

    /// <summary>This machine has an IPv6 address of the Internet.</summary>
    public bool HasGlobalV6 => LocalAddresses.Any(a => StunAddressCodec.IsV6(a) && AddressReaches.Of(a) == AddressReach.Global);

    /// <summary>Others see an IPv6 address of this machine itself.</summary>
    public bool IsSeenAtOwnV6 => PublicV6 is { } seen && LocalAddresses.Contains(seen.Address);

    /// <summary>Somebody was asked over UDP, and nobody answered.</summary>
    public bool IsUdpSilent => !HasUdp && (StunServers > 0 || HasDht);

    /// <summary>
    /// How the NAT chooses ports: as the STUN servers saw it, else as nodes of the DHT see our port, which tells a NAT that keeps
    /// one port for all from one that does not.
    /// </summary>
    public NatMapping Mapping
    {
        get
        {
            if (Nat is { Mapping: not NatMapping.Unknown } nat)
                return nat.Mapping;
            if (PublicV4 is not { } seen)
                return NatMapping.Unknown;
            if (LocalAddresses.Contains(seen.Address))
                return NatMapping.NoNat;
            const int Enough = 3;
            return seen.PortVotes < Enough ? NatMapping.Unknown : seen.UdpPort is null ? NatMapping.AddressAndPortDependent : NatMapping.EndpointIndependent;
        }
    }

    /// <summary>The public address of the router's mapping is not where others see us: there is a second NAT outside it.</summary>
    public bool IsDoubleNat => RouterOutside is { } outside && PublicV4 is { } seen && !outside.Equals(seen.Address) && !LocalAddresses.Contains(seen.Address);
}
