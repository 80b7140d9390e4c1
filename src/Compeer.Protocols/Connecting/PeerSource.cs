namespace Compeer.Protocols.Connecting;

/// <summary>Who told us of a peer's address; several may have.</summary>
[Flags]
public enum PeerSource
{
    /// <summary>Nobody: a peer that came to us and did not say where it listens.</summary>
    None = 0,

    /// <summary>A person named it.</summary>
    User = 1,

    /// <summary>The link named it (x.pe).</summary>
    Link = 2,

    /// <summary>A tracker listed it.</summary>
    Tracker = 4,

    /// <summary>A node of the DHT listed it.</summary>
    Dht = 8,

    /// <summary>A connected peer told of it.</summary>
    PeerExchange = 16,

    /// <summary>It announced itself on the local network.</summary>
    LocalNetwork = 32,

    /// <summary>It connected to us, and said where it listens.</summary>
    Incoming = 64,

    /// <summary>We were connected to it in an earlier run.</summary>
    Remembered = 128,

    /// <summary>A go-between arranged a meeting (hole punching).</summary>
    Rendezvous = 256,
}

/// <summary>Sources in words, for people and for JSON.</summary>
public static class PeerSources
{
    private static readonly (PeerSource Source, string Word)[] Words =
    [
        (PeerSource.User, "user"), (PeerSource.Link, "link"), (PeerSource.Tracker, "tracker"), (PeerSource.Dht, "dht"), (PeerSource.PeerExchange, "pex"),
        (PeerSource.LocalNetwork, "lan"), (PeerSource.Incoming, "incoming"), (PeerSource.Remembered, "remembered"), (PeerSource.Rendezvous, "rendezvous"),
    ];

    /// <summary>One word a source, joined by '+', such as "tracker+pex"; empty for none.</summary>
    public static string Describe(this PeerSource sources) => string.Join('+', Words.Where(w => (sources & w.Source) != 0).Select(w => w.Word));

    /// <summary>A person stands behind the address: it is tried for as long as it takes.</summary>
    internal static bool IsNamed(this PeerSource sources) => (sources & (PeerSource.User | PeerSource.Link)) != 0;
}
