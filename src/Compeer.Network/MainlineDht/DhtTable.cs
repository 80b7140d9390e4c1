using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>The routing table of one family at an instant.</summary>
/// <param name="IsV6">The family.</param>
/// <param name="Id">Our id in it.</param>
/// <param name="Contacts">Everybody in it, in no order.</param>
public sealed record DhtTable(bool IsV6, Key160 Id, IReadOnlyList<DhtTableContact> Contacts);
