using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>What <see cref="PortMapper"/> tells.</summary>
public abstract record PortMapperEvent;

/// <summary>A mapping was made, renewed, or changed its end outside.</summary>
/// <param name="Protocol">What is mapped.</param>
/// <param name="Way">How.</param>
/// <param name="InternalPort">Our port.</param>
/// <param name="ExternalPort">The port outside.</param>
/// <param name="ExternalAddress">The address outside; null when unknown.</param>
/// <param name="IsRenewal">Whether it was there before, with the same end outside.</param>
public sealed record PortMapped(MappedProtocol Protocol, PortMappingWays Way, int InternalPort, int ExternalPort, IPAddress? ExternalAddress, bool IsRenewal) : PortMapperEvent;

/// <summary>A mapping is gone.</summary>
/// <param name="Protocol">What was mapped.</param>
/// <param name="Message">Why, in words, without a full stop.</param>
public sealed record PortUnmapped(MappedProtocol Protocol, string Message) : PortMapperEvent;

/// <summary>No way worked; it will be tried again.</summary>
/// <param name="Message">What happened with every way, in words.</param>
public sealed record PortMappingFailed(string Message) : PortMapperEvent;

/// <summary>The router lost the mappings or changed its address outside; they are being made again.</summary>
/// <param name="Message">How we know, in words, without a full stop.</param>
public sealed record PortMappingsRemade(string Message) : PortMapperEvent;
