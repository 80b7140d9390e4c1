using Compeer.Formats.Multiformats;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Network.Hosting;

/// <summary>Which way a connection takes.</summary>
public enum ConnectionPath
{
    /// <summary>From one side to the other, by a dial like any other.</summary>
    Direct,

    /// <summary>From one side to the other, by dials of both at the same moment.</summary>
    Punched,

    /// <summary>Through a relay.</summary>
    Relayed,
}

/// <summary>Where a connection leads and why that way.</summary>
/// <param name="Remote">Its far end, as we see it; without the peer.</param>
/// <param name="Local">Our end.</param>
/// <param name="Path">Which way.</param>
/// <param name="Limit">What the relay allows; null where nothing is limited.</param>
/// <param name="Why">For people: how it came about.</param>
internal sealed record ConnectionRoute(Multiaddr Remote, Multiaddr Local, ConnectionPath Path, CircuitLimit? Limit, string Why);
