namespace Compeer.Protocols.Connecting;

/// <summary>Who told us of a peer's address. Given by the user ranks highest.</summary>
public enum PeerSource
{
    /// <summary>The peer connected to us.</summary>
    Incoming,

    /// <summary>A node of the DHT listed it.</summary>
    Dht,

    /// <summary>A tracker listed it.</summary>
    Tracker,

    /// <summary>The link or the command line named it.</summary>
    User,
}
