using System.Net;

namespace Compeer.Protocols.Turn;

/// <summary>Why an allocation ended, or never began.</summary>
public enum TurnCloseReason
{
    /// <summary>We gave it back.</summary>
    Released,

    /// <summary>The server does not know the name or the password is wrong.</summary>
    Unauthorized,

    /// <summary>The user has as many allocations as the server grants (486).</summary>
    QuotaReached,

    /// <summary>The server has no room for anybody (508).</summary>
    NoCapacity,

    /// <summary>The server knows nothing of the allocation any more, or it belongs to somebody else (437, 441).</summary>
    AllocationLost,

    /// <summary>The server does not answer.</summary>
    Timeout,

    /// <summary>The server refused for another reason; the message says which.</summary>
    Refused,

    /// <summary>The server's answer makes no sense.</summary>
    BadAnswer,
}

/// <summary>What happened at a relay's client.</summary>
public abstract record TurnClientEvent;

/// <summary>The relay receives for us.</summary>
/// <param name="Relayed">Where others reach us.</param>
/// <param name="Mapped">Our own address as the relay sees it; null when it did not say.</param>
public sealed record TurnAllocated(IPEndPoint Relayed, IPEndPoint? Mapped) : TurnClientEvent;

/// <summary>Datagrams of an address now come through.</summary>
public sealed record TurnPermitted(IPAddress Peer) : TurnClientEvent;

/// <summary>The relay will not let an address through.</summary>
public sealed record TurnNotPermitted(IPAddress Peer, string Message) : TurnClientEvent;

/// <summary>It is over.</summary>
public sealed record TurnClosed(TurnCloseReason Reason, string Message) : TurnClientEvent;
