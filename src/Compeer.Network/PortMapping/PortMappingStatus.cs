using System.Collections.Immutable;
using System.Net;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.PortMapping;

/// <summary>What is mapped where, for IPv4 and IPv6. Thread-safe, as it never changes.</summary>
/// <param name="Routers">One state for each router asked: at most one of IPv4 and one of IPv6.</param>
/// <param name="IsLooking">True until the first look for a router is over.</param>
public sealed record PortMappingStatus(ImmutableArray<PortMapperStatus> Routers, bool IsLooking)
{
    /// <summary>Nothing is known yet.</summary>
    public static PortMappingStatus Unknown { get; } = new([], IsLooking: true);

    /// <summary>Whether every router's first try is over, well or badly.</summary>
    public bool IsSettled => !IsLooking && Routers.All(r => r.IsSettled);

    /// <summary>Where our port is reached from outside over IPv4; null when it is not mapped.</summary>
    public IPEndPoint? ExternalOf(MappedProtocol protocol) => Routers.Where(r => !r.Link.IsV6).Select(r => r.ExternalOf(protocol)).FirstOrDefault(e => e is not null);

    /// <summary>Where our port is reached from outside over IPv6; null when no router opened its firewall.</summary>
    public IPEndPoint? ExternalV6Of(MappedProtocol protocol) => Routers.Where(r => r.Link.IsV6).Select(r => r.ExternalOf(protocol)).FirstOrDefault(e => e is not null);

    /// <summary>The way in use over IPv4; None when nothing is mapped.</summary>
    public PortMappingWays Way => Routers.FirstOrDefault(r => !r.Link.IsV6 && r.Mappings.Length > 0)?.Way ?? PortMappingWays.None;

    /// <summary>What happened, in sentences for a person: one for each router and one for each way that was tried.</summary>
    public IReadOnlyList<string> Describe(Protocols.Instant now)
    {
        if (IsLooking)
            return ["Looking for a router."];
        if (Routers.IsEmpty)
            return ["No router was asked to map the port: this machine has no default gateway there."];
        var lines = new List<string>();
        foreach (PortMapperStatus router in Routers)
        {
            string name = router.Link.Gateway.ToString();
            foreach (Protocols.PortMapping.PortMapping mapping in router.Mappings)
            {
                string until = mapping.LeaseEnds is { } ends ? $"for another {Math.Max(0, (int)(ends - now).TotalMinutes)} minutes, then renewed" : "until it is removed";
                string outside = router.ExternalOf(mapping.Protocol)?.ToString() ?? $"port {mapping.ExternalPort}, address unknown";
                lines.Add($"The router {name} passes {outside} ({(mapping.Protocol == MappedProtocol.Tcp ? "TCP" : "UDP")}) to this machine's port {mapping.InternalPort}, by {router.Way.NameOf()}, {until}.");
            }
            if (router.Mappings.IsEmpty)
                lines.Add($"The router {name} has not mapped the port.");
            lines.AddRange(router.Ways.Select(w => $"{w.Way.NameOf()} at {name}: {w.Message}."));
        }
        return lines;
    }
}
