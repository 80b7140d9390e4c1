using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>What the machine of one way (<see cref="NatPmpSession"/>, <see cref="PcpSession"/>, <see cref="IgdSession"/>) tells.</summary>
public abstract record MappingSessionEvent;

/// <summary>The router speaks this way.</summary>
/// <param name="ExternalAddress">The router's address outside; null when this way does not tell it without a mapping.</param>
public sealed record MappingWayAnswered(IPAddress? ExternalAddress) : MappingSessionEvent;

/// <summary>The router does not answer this way, or cannot do it now.</summary>
/// <param name="Message">Why, in words, without a full stop.</param>
public sealed record MappingWayFailed(string Message) : MappingSessionEvent;

/// <summary>A mapping was made or renewed.</summary>
/// <param name="Protocol">What is mapped.</param>
/// <param name="InternalPort">Our port.</param>
/// <param name="ExternalPort">The port outside.</param>
/// <param name="ExternalAddress">The address outside, where this way tells it with the mapping.</param>
/// <param name="Lifetime">How long it lives; null when the router knows only mappings that stay until they are removed.</param>
public sealed record MappingGranted(MappedProtocol Protocol, int InternalPort, int ExternalPort, IPAddress? ExternalAddress, TimeSpan? Lifetime) : MappingSessionEvent;

/// <summary>A mapping was not made or not renewed.</summary>
/// <param name="Protocol">What was asked for.</param>
/// <param name="Message">Why, in words, without a full stop.</param>
/// <param name="RetryAfter">How long the router says that it will stay so; zero when it does not say.</param>
public sealed record MappingRefused(MappedProtocol Protocol, string Message, TimeSpan RetryAfter) : MappingSessionEvent;

/// <summary>A mapping was removed, or there was none.</summary>
public sealed record MappingRemoved(MappedProtocol Protocol) : MappingSessionEvent;

/// <summary>The router has lost its mappings: they must be made again.</summary>
/// <param name="Message">How we know, in words, without a full stop.</param>
public sealed record MappingsLost(string Message) : MappingSessionEvent;
