using System.Net;
using Compeer.Protocols.Turn;

namespace Compeer.Network.Turn;

/// <summary>Where a relay relays. Worst case beside the machine's: one socket and 64 KiB for each allocation, 8 MB with the defaults.</summary>
public sealed record TurnServerDriverOptions
{
    /// <summary>Users and limits; the families are set from the addresses below.</summary>
    public required TurnServerOptions Server { get; init; }

    /// <summary>The local IPv4 address for relay ports; null relays no IPv4.</summary>
    public IPAddress? RelayV4 { get; init; }

    /// <summary>The local IPv6 address for relay ports; null relays no IPv6.</summary>
    public IPAddress? RelayV6 { get; init; }

    /// <summary>What clients are told instead of <see cref="RelayV4"/>, when this machine is behind a router that forwards the ports.</summary>
    public IPAddress? PublicV4 { get; init; }

    /// <summary>The lowest relay port; 0 lets the system choose any.</summary>
    public int FirstPort { get; init; }

    /// <summary>The highest relay port.</summary>
    public int LastPort { get; init; }
}
