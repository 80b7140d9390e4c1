using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>How far a NAT keeps one outside port for one inside port. Spec: RFC 4787 section 4.1, RFC 5780 section 4.3.</summary>
public enum NatMapping
{
    /// <summary>Too few servers answered to tell.</summary>
    Unknown,

    /// <summary>No NAT: our own address is seen outside.</summary>
    NoNat,

    /// <summary>The same outside port whomever we talk to: others can reach it once a hole is punched.</summary>
    EndpointIndependent,

    /// <summary>Another outside port for each address that we talk to.</summary>
    AddressDependent,

    /// <summary>Another outside port for each address and port that we talk to ("symmetric").</summary>
    AddressAndPortDependent,
}

/// <summary>From whom a NAT or firewall lets datagrams in. Spec: RFC 4787 section 5, RFC 5780 section 4.4.</summary>
public enum NatFiltering
{
    /// <summary>No server could test it.</summary>
    Unknown,

    /// <summary>From anybody.</summary>
    EndpointIndependent,

    /// <summary>From addresses that we sent to.</summary>
    AddressDependent,

    /// <summary>From addresses and ports that we sent to.</summary>
    AddressAndPortDependent,
}

/// <summary>What was found out about the way from one UDP port to the outside.</summary>
/// <param name="IsUdpBlocked">No server answered at all.</param>
/// <param name="Mapping">Found by RFC 5780 with one server that has two addresses, or by comparing several servers.</param>
/// <param name="Filtering">Known only from a server with two addresses.</param>
/// <param name="Mapped">The outside endpoints seen, each once, in the order of the servers' answers.</param>
/// <param name="KeepsPort">Whether the outside port was our own each time.</param>
public sealed record NatBehaviour(bool IsUdpBlocked, NatMapping Mapping, NatFiltering Filtering, IReadOnlyList<IPEndPoint> Mapped, bool KeepsPort)
{
    /// <summary>Whether peers that we do not know yet will find the same outside port as the servers did.</summary>
    public bool IsMappingStable => Mapping is NatMapping.NoNat or NatMapping.EndpointIndependent;
}
