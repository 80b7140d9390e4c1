using System.Net;

namespace Compeer.Protocols.Connecting;

/// <summary>Who told us under which address it sees us.</summary>
[Flags]
public enum AddressWitness
{
    None = 0,

    /// <summary>A peer of a torrent ("yourip"). Spec: BEP 10.</summary>
    Peer = 1,

    /// <summary>A node of the DHT ("ip"). Spec: BEP 42.</summary>
    Dht = 2,

    /// <summary>A tracker ("external ip"). Spec: BEP 24.</summary>
    Tracker = 4,

    /// <summary>Our router, asked to map a port.</summary>
    Router = 8,

    /// <summary>A STUN server that a person named. Spec: RFC 8489.</summary>
    Stun = 16,
}

/// <summary>The address under which others see us, as the votes say.</summary>
/// <param name="Address">The address.</param>
/// <param name="UdpPort">The port under which most of them see our UDP port; null when too few told one, or each told another.</param>
/// <param name="Witnesses">The kinds of those who agree.</param>
/// <param name="Votes">How many agree, each network counted once.</param>
/// <param name="PortVotes">How many of them told a port.</param>
public sealed record PublicAddress(IPAddress Address, int? UdpPort, AddressWitness Witnesses, int Votes, int PortVotes);

/// <summary>Words for people.</summary>
public static class AddressWitnesses
{
    private static readonly (AddressWitness Witness, string Name)[] Names =
    [
        (AddressWitness.Stun, "stun"), (AddressWitness.Router, "router"), (AddressWitness.Tracker, "tracker"), (AddressWitness.Dht, "dht"), (AddressWitness.Peer, "peer"),
    ];

    /// <summary>The kinds, joined with "+".</summary>
    public static string Describe(this AddressWitness witnesses) => string.Join('+', Names.Where(n => witnesses.HasFlag(n.Witness)).Select(n => n.Name));
}
