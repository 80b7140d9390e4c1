using System.Net;
using Compeer.Network.Connections;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Content.Torrents;

/// <summary>Something a person watching a torrent would want to be told.</summary>
public abstract record TorrentEvent;

/// <summary>The info dictionary is known: name, files and sizes can be shown.</summary>
public sealed record MetadataKnown : TorrentEvent;

/// <summary>A peer came.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Client">Its program, as it says.</param>
/// <param name="Incoming">It dialled us.</param>
/// <param name="Sources">Who told us of it; of one that dialled us, that only.</param>
/// <param name="Way">How its bytes travel.</param>
/// <param name="Encrypted">What passes is obfuscated.</param>
public sealed record PeerConnected(IPEndPoint Address, string Client, bool Incoming, PeerSource Sources, PeerWay Way, bool Encrypted) : TorrentEvent;

/// <summary>A peer was dialled in vain.</summary>
public sealed record PeerUnreachable(IPEndPoint Address, string Reason) : TorrentEvent;

/// <summary>A peer went.</summary>
public sealed record PeerClosed(IPEndPoint Address, string Client, string Reason) : TorrentEvent;

/// <summary>A peer is refused from now on, because of what it did.</summary>
public sealed record PeerBanned(IPEndPoint Address, string Client, string Reason) : TorrentEvent;

/// <summary>A web seed began to give, gives no more, or is refused from now on ("connected", "closed", "banned").</summary>
/// <param name="Address">Its address without user, password and query.</param>
/// <param name="State">What it is now.</param>
/// <param name="Reason">A clause in words.</param>
public sealed record WebSeedChanged(string Address, string State, string Reason) : TorrentEvent;

/// <summary>Something went wrong; the torrent goes on, or waits, by itself.</summary>
public sealed record TorrentProblem(string Message) : TorrentEvent;

/// <summary>The swarm was looked up in the DHT.</summary>
/// <param name="Report">What it cost and gave.</param>
/// <param name="Nodes">Nodes that we know.</param>
public sealed record DhtLookedUp(DhtSearchReport Report, int Nodes) : TorrentEvent;

/// <summary>Every wanted piece is verified and on the disk.</summary>
public sealed record TorrentCompleted : TorrentEvent;
