namespace Compeer.Protocols.PortMapping;

/// <summary>What <see cref="PortMapper"/> asks for and how patiently. Bounded memory: a few requests a way, besides <see cref="IgdOptions"/>.</summary>
public sealed record PortMapperOptions
{
    /// <summary>The ways that may be tried.</summary>
    public PortMappingWays Ways { get; init; } = PortMappingWays.All;

    /// <summary>How long a mapping lives when we die without removing it; renewed at half of it. At most two hours.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often the router is asked whether it still has the mappings and the same address outside.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A way that we like less waits so long for one that we like more.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The wait before all ways are tried again when none worked; it doubles up to <see cref="MaxRetryWait"/>.</summary>
    public TimeSpan RetryWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait before another try.</summary>
    public TimeSpan MaxRetryWait { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A router that grants very short leases is not asked more often than this.</summary>
    public TimeSpan MinRenewal { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long removing the mappings may take.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Repetitions of NAT-PMP.</summary>
    public GatewayTimes NatPmp { get; init; } = GatewayTimes.NatPmp;

    /// <summary>Repetitions of PCP.</summary>
    public GatewayTimes Pcp { get; init; } = GatewayTimes.Pcp;

    /// <summary>Times of UPnP.</summary>
    public IgdOptions Igd { get; init; } = new();
}
