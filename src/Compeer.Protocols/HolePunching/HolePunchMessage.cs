using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>What a hole punching message is for. Spec: BEP 55.</summary>
public enum HolePunchMessageType : byte
{
    /// <summary>To a relaying peer: introduce me to the peer at this endpoint.</summary>
    Rendezvous = 0,

    /// <summary>From a relaying peer: dial this endpoint now, it will dial you.</summary>
    Connect = 1,

    /// <summary>From a relaying peer: the rendezvous with this endpoint is not possible.</summary>
    Error = 2,
}

/// <summary>Why a rendezvous is not possible. Spec: BEP 55.</summary>
public enum HolePunchError : uint
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The endpoint cannot be that of a peer.</summary>
    NoSuchPeer = 1,

    /// <summary>The relaying peer is not connected to it.</summary>
    NotConnected = 2,

    /// <summary>It does not speak BEP 55.</summary>
    NoSupport = 3,

    /// <summary>It is the relaying peer itself.</summary>
    NoSelf = 4,
}

/// <summary>
/// One hole punching message.
/// <code>
/// +----------+-----------+------------------+----------+----------------------+
/// | type (1) | 0:v4 1:v6 | address (4 / 16) | port (2) | error code (4)       |
/// +----------+-----------+------------------+----------+----------------------+
/// </code>
/// </summary>
/// <remarks>Spec: BEP 55, "Message types".</remarks>
/// <param name="Type">What it is for.</param>
/// <param name="EndPoint">The other peer; never an IPv4 address in IPv6 form.</param>
/// <param name="Error">The error; any value may come from a remote. None but in errors.</param>
public readonly record struct HolePunchMessage(HolePunchMessageType Type, IPEndPoint EndPoint, HolePunchError Error = HolePunchError.None);
