using System.Net;

namespace Compeer.Protocols.HolePunching;

/// <summary>What hole punching needs to know of a connected peer.</summary>
/// <param name="Remote">Where its connection comes from.</param>
/// <param name="Listen">Where it can be dialled, as far as known.</param>
/// <param name="Reachable">What others are told to dial: <paramref name="Remote"/> when its connection comes from the port it listens at, else <paramref name="Listen"/>.</param>
/// <param name="Ours">Our end of the connection, as far as we see it.</param>
/// <param name="Supports">It speaks BEP 55.</param>
/// <param name="Relayed">Its port at a relay, by its word; null when it has none.</param>
public sealed record HolePunchPeer(IPEndPoint Remote, IPEndPoint? Listen, IPEndPoint Reachable, IPEndPoint Ours, bool Supports, IPEndPoint? Relayed = null);
