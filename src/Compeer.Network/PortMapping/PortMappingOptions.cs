using System.Net;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.PortMapping;

/// <summary>Options of <see cref="PortMappingService"/>.</summary>
public sealed record PortMappingOptions
{
    /// <summary>Only the router of the interface that has this address is asked; null means that of the default route. An any-address counts as null.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Ways, leases and patience.</summary>
    public PortMapperOptions Mapper { get; init; } = new();

    /// <summary>
    /// A secret that outlives a restart, so that after a crash the same mappings are taken over (PCP knows their owner by it).
    /// Empty: a new one, and what a killed program left stays until its lease ends.
    /// </summary>
    public ReadOnlyMemory<byte> NonceKey { get; init; }

    /// <summary>Called on a background thread at every change, renewals included; must return soon and not throw.</summary>
    public Action<PortMappingStatus>? Changed { get; init; }

    /// <summary>For one HTTP request to the router.</summary>
    public TimeSpan HttpTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often it is looked whether the machine has moved to another network.</summary>
    public TimeSpan LinkCheckInterval { get; init; } = TimeSpan.FromSeconds(20);
}
