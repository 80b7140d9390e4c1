using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

/// <summary>One connection of a torrent, or a web seed, in detail.</summary>
public sealed record PeerDetails
{
    /// <summary>Its address and port; of a web seed its URL without secrets.</summary>
    public required string EndPoint { get; init; }

    /// <summary>Its program, as it says.</summary>
    public required string Client { get; init; }

    /// <summary>How its bytes travel: "tcp", "utp", "punched", "relayed" or "webSeed".</summary>
    public required string Way { get; init; }

    /// <summary>It dialled us.</summary>
    public bool Incoming { get; init; }

    /// <summary>What passes is obfuscated.</summary>
    public bool Encrypted { get; init; }

    /// <summary>Who told us of it.</summary>
    public PeerSource Sources { get; init; }

    /// <summary>How much of the torrent it has, 0..1.</summary>
    public double Fraction { get; init; }

    /// <summary>Payload per second from it, in bytes.</summary>
    public long DownRate { get; init; }

    /// <summary>Payload per second to it, in bytes.</summary>
    public long UpRate { get; init; }

    /// <summary>Payload from it.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Payload to it.</summary>
    public long UploadedBytes { get; init; }

    /// <summary>We do not serve it.</summary>
    public bool AmChoking { get; init; }

    /// <summary>We want something of it.</summary>
    public bool AmInterested { get; init; }

    /// <summary>It does not serve us.</summary>
    public bool PeerChoking { get; init; }

    /// <summary>It wants something of ours.</summary>
    public bool PeerInterested { get; init; }

    /// <summary>It was asked and sent nothing for long.</summary>
    public bool IsSnubbed { get; init; }

    /// <summary>Since when it is connected; zero for a web seed.</summary>
    public TimeSpan Connected { get; init; }

    /// <summary>Requests of ours that it has not answered.</summary>
    public int RequestsInFlight { get; init; }
}
