using System.Collections.Immutable;
using System.Net;

namespace Compeer.Protocols.PeerExchange;

/// <summary>A peer that another one is connected to.</summary>
/// <param name="EndPoint">Where it listens.</param>
/// <param name="Flags">What is said of it.</param>
public readonly record struct ExchangedPeer(IPEndPoint EndPoint, PeerExchangeFlags Flags);

/// <summary>One ut_pex message: who came and who went since the last one.</summary>
/// <remarks>
/// Spec: BEP 11.
/// <code>
/// { added: 6 bytes a peer, added.f: 1 byte a peer, added6: 18 bytes a peer, added6.f: 1 byte a peer, dropped: 6, dropped6: 18 }
/// </code>
/// </remarks>
public sealed record PeerExchangeMessage(ImmutableArray<ExchangedPeer> Added, ImmutableArray<IPEndPoint> Dropped);
