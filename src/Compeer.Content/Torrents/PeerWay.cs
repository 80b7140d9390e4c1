using Compeer.Network.Connections;

namespace Compeer.Content.Torrents;

/// <summary>How a connection came about and what carries it, for people and tests.</summary>
/// <param name="Path">What carries it.</param>
/// <param name="Punched">A third peer introduced the two, because one could not dial the other, and both dialled at once.</param>
public readonly record struct PeerWay(PeerPath Path, bool Punched)
{
    /// <summary>"tcp", "utp", "punched-tcp", "punched-utp" or "relayed".</summary>
    public override string ToString() => Path switch
    {
        PeerPath.RelayedUtp => "relayed",
        PeerPath.Utp => Punched ? "punched-utp" : "utp",
        _ => Punched ? "punched-tcp" : "tcp",
    };

    /// <summary>Why, in words that follow "connected: ".</summary>
    public string Describe(bool incoming) => (Path, Punched) switch
    {
        (PeerPath.RelayedUtp, _) => "through a relay, since no direct way was found",
        (_, true) => "directly, after a third peer introduced us to each other",
        _ => incoming ? "it came to us" : "we dialled it",
    };
}
