using System.Net;

namespace Compeer.Protocols.PortMapping;

/// <summary>A mapping that we want.</summary>
/// <param name="Protocol">What is mapped.</param>
/// <param name="InternalPort">Our own port.</param>
/// <param name="ExternalPort">The port that we would like to have outside, or had before.</param>
/// <param name="Lease">How long it shall live without renewal.</param>
/// <param name="ExternalAddress">The address that we had before; null when there was none.</param>
public readonly record struct MappingWish(MappedProtocol Protocol, int InternalPort, int ExternalPort, TimeSpan Lease, IPAddress? ExternalAddress = null);
