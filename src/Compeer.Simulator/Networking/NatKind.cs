namespace Compeer.Simulator.Networking;

/// <summary>How a NAT maps and filters.</summary>
/// <remarks>Spec: RFC 4787 sections 4.1 and 5.</remarks>
public enum NatKind
{
    /// <summary>Endpoint-independent mapping that keeps the port where it is free, address-and-port-dependent filtering: what most homes have.</summary>
    PortKeeping,

    /// <summary>A mapping of its own, at a random port, for each remote address and port; only that remote gets in.</summary>
    Symmetric,
}
