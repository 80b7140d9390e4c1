using System.Collections.Immutable;
using System.Net;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Stun;
using Compeer.Network.Turn;
using Compeer.Protocols.Reachability;

namespace Compeer.Node.Doctor;

/// <summary>All that the doctor has seen, to be told; what follows from it is in <see cref="Verdict"/>.</summary>
/// <param name="Facts">What counts for the verdict.</param>
/// <param name="Interfaces">The addresses of this machine by interface.</param>
/// <param name="Public">Under which addresses others see us.</param>
/// <param name="StunServers">The STUN servers, each with what it answered.</param>
/// <param name="PortMapping">What the router does; null when it was not to be asked.</param>
/// <param name="Dht">The DHT; null when it is off.</param>
/// <param name="DhtFirstAnswer">How long the first node took to answer; null when none did.</param>
/// <param name="Relay">What the relay said; null when none was named.</param>
/// <param name="Firewalls">What firewall programs this machine has, in sentences.</param>
/// <param name="Proxy">What the proxy switches off; null when there is none.</param>
/// <param name="Duration">How long it all took.</param>
public sealed record DoctorFindings(
    ReachabilityFacts Facts,
    ImmutableArray<(string Interface, IPAddress Address)> Interfaces,
    PublicAddresses Public,
    ImmutableArray<(string Server, string Answer)> StunServers,
    PortMappingStatus? PortMapping,
    DhtStatus? Dht,
    TimeSpan? DhtFirstAnswer,
    RelayStatus? Relay,
    ImmutableArray<string> Firewalls,
    string? Proxy,
    TimeSpan Duration)
{
    /// <summary>What follows.</summary>
    public ReachabilityVerdict Verdict { get; } = new(Facts);
}
