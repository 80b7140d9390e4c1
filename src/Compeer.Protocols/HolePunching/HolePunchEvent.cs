using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>What the owner of a <see cref="HolePunching"/> should do or know.</summary>
public abstract record HolePunchEvent;

/// <summary>Dial this endpoint at once, by every way that may punch: it dials us now.</summary>
/// <param name="EndPoint">Where it is seen from outside.</param>
/// <param name="Target">The address that we had asked for; the same as <paramref name="EndPoint"/> where we did not ask.</param>
/// <param name="Asked">We asked for it; else somebody asked for us.</param>
/// <param name="Relay">The peer that introduced us.</param>
public sealed record PunchNow(IPEndPoint EndPoint, IPEndPoint Target, bool Asked, int Relay) : HolePunchEvent;

/// <summary>Nobody could introduce us.</summary>
/// <param name="Target">Whom we wanted.</param>
/// <param name="Error">The last error that a relaying peer gave; None when none answered.</param>
public sealed record RendezvousFailed(IPEndPoint Target, HolePunchError Error) : HolePunchEvent;
