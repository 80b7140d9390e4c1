using System.Collections.Immutable;
using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>What the port mapper is doing.</summary>
public enum PortMapperPhase
{
    /// <summary>Asking which ways the router speaks.</summary>
    Probing,

    /// <summary>Asking for the mappings.</summary>
    Mapping,

    /// <summary>At least one mapping is there.</summary>
    Mapped,

    /// <summary>Nothing worked; it will try again.</summary>
    Waiting,

    /// <summary>Removing the mappings.</summary>
    Stopping,

    /// <summary>Done for good.</summary>
    Stopped,
}

/// <summary>A mapping that the router granted.</summary>
/// <param name="Protocol">What is mapped.</param>
/// <param name="InternalPort">Our port.</param>
/// <param name="ExternalPort">The port at the router.</param>
/// <param name="LeaseEnds">When it ends unless renewed; null when it stays until it is removed.</param>
public sealed record PortMapping(MappedProtocol Protocol, int InternalPort, int ExternalPort, Instant? LeaseEnds);

/// <summary>What is known about one way.</summary>
/// <param name="Way">Which.</param>
/// <param name="Works">Whether the router speaks it and refused nothing.</param>
/// <param name="Message">What happened, in words, without a full stop.</param>
public sealed record PortMappingWayReport(PortMappingWays Way, bool Works, string Message);

/// <summary>The state of a port mapper at one moment.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Link">The router and our address.</param>
/// <param name="Way">The way in use; None when there is none.</param>
/// <param name="ExternalAddress">The router's address outside; null when unknown.</param>
/// <param name="Mappings">What the router granted.</param>
/// <param name="Ways">Every way that was tried.</param>
public sealed record PortMapperStatus(
    PortMapperPhase Phase,
    PortMappingLink Link,
    PortMappingWays Way,
    IPAddress? ExternalAddress,
    ImmutableArray<PortMapping> Mappings,
    ImmutableArray<PortMappingWayReport> Ways)
{
    /// <summary>Whether the first try is over, well or badly.</summary>
    public bool IsSettled => Phase is not (PortMapperPhase.Probing or PortMapperPhase.Mapping);

    public bool Equals(PortMapperStatus? other) =>
        other is not null
        && (Phase, Way) == (other.Phase, other.Way)
        && Link == other.Link
        && Equals(ExternalAddress, other.ExternalAddress)
        && Mappings.SequenceEqual(other.Mappings)
        && Ways.SequenceEqual(other.Ways);

    public override int GetHashCode() => HashCode.Combine(Phase, Way, Link, ExternalAddress, Mappings.Length);

    /// <summary>Where our port is reached from outside; null when it is not mapped or the address outside is unknown.</summary>
    public IPEndPoint? ExternalOf(MappedProtocol protocol) =>
        ExternalAddress is { } address && Mappings.FirstOrDefault(m => m.Protocol == protocol) is { } mapping ? new IPEndPoint(address, mapping.ExternalPort) : null;
}
