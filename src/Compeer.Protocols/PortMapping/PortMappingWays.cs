namespace Compeer.Protocols.PortMapping;

/// <summary>The ways to ask a router for a mapping.</summary>
[Flags]
public enum PortMappingWays
{
    None = 0,

    /// <summary>Port Control Protocol, RFC 6887.</summary>
    Pcp = 1,

    /// <summary>NAT Port Mapping Protocol, RFC 6886.</summary>
    NatPmp = 2,

    /// <summary>UPnP Internet Gateway Device, versions 1 and 2.</summary>
    Igd = 4,

    All = Pcp | NatPmp | Igd,
}

/// <summary>Names for people.</summary>
public static class PortMappingWayNames
{
    /// <summary>The name of one way as routers' manuals spell it.</summary>
    public static string NameOf(this PortMappingWays way) => way switch
    {
        PortMappingWays.Pcp => "PCP",
        PortMappingWays.NatPmp => "NAT-PMP",
        PortMappingWays.Igd => "UPnP",
        _ => way.ToString(),
    };
}
