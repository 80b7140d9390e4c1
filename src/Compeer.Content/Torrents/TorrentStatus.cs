using Compeer.Formats.Torrents;
using Compeer.Network.Stun;
using Compeer.Network.Turn;

namespace Compeer.Content.Torrents;

/// <summary>What a torrent is doing.</summary>
public enum TorrentPhase
{
    /// <summary>Asking peers for the info dictionary.</summary>
    FetchingMetadata,

    /// <summary>Hashing what is on the disk.</summary>
    Checking,

    /// <summary>Fetching pieces, and giving those it has.</summary>
    Downloading,

    /// <summary>Complete, giving.</summary>
    Seeding,

    /// <summary>The disk is full; it goes on when there is room.</summary>
    WaitingForRoom,

    /// <summary>Cannot go on without the user; <see cref="Torrent.Resume"/> tries again.</summary>
    Failed,

    /// <summary>Ended.</summary>
    Stopped,

    /// <summary>A person put it to rest: no peers, no announces, no open files.</summary>
    Paused,

    /// <summary>Its files are being moved to another folder; nothing else happens meanwhile.</summary>
    Moving,
}

/// <summary>A snapshot of a torrent, replaced ten times a second while something moves, less often otherwise. Rates are in bytes per second.</summary>
public sealed record TorrentStatus
{
    /// <summary>What it is doing.</summary>
    public required TorrentPhase Phase { get; init; }

    /// <summary>Null until the info dictionary is known, and while the torrent sleeps: <see cref="Torrent.MetainfoKnown"/> wakes it.</summary>
    public Metainfo? Metainfo { get; init; }

    /// <summary>The name for people; null until the info dictionary is known.</summary>
    public string? Name { get; init; }

    /// <summary>Number of pieces; 0 until the info dictionary is known.</summary>
    public int PieceCount { get; init; }

    /// <summary>Number of files; 0 until the info dictionary is known.</summary>
    public int FileCount { get; init; }

    /// <summary>A person put it to rest.</summary>
    public bool IsPaused => Phase == TorrentPhase.Paused;

    /// <summary>It is complete, nobody is connected, and what only a connection needs is put away.</summary>
    public bool IsAsleep { get; init; }

    /// <summary>Bytes of the wanted pieces.</summary>
    public long WantedBytes { get; init; }

    /// <summary>Bytes of wanted pieces that are verified and on the disk.</summary>
    public long VerifiedBytes { get; init; }

    /// <summary>Pieces that are verified and on the disk.</summary>
    public int VerifiedPieces { get; init; }

    /// <summary>Bytes read back from the disk and hashed since the start.</summary>
    public long RehashedBytes { get; init; }

    /// <summary>Payload received, useful or not.</summary>
    public long DownloadedBytes { get; init; }

    /// <summary>Payload sent.</summary>
    public long UploadedBytes { get; init; }

    /// <summary>Payload per second, in.</summary>
    public long DownRate { get; init; }

    /// <summary>Payload per second, out.</summary>
    public long UpRate { get; init; }

    /// <summary>Connections.</summary>
    public int Peers { get; init; }

    /// <summary>Of those, how many have everything.</summary>
    public int Seeds { get; init; }

    /// <summary>Addresses known.</summary>
    public int KnownPeers { get; init; }

    /// <summary>What is known of peers and whom to dial, in counts and words; renewed every few seconds.</summary>
    public string PeersExplained { get; init; } = "";

    /// <summary>Bytes that failed verification.</summary>
    public long CorruptBytes { get; init; }

    /// <summary>Under which addresses others see us; with a proxy none.</summary>
    public PublicAddresses PublicAddresses { get; init; } = PublicAddresses.None;

    /// <summary>The last thing a tracker said, in words; null when none was asked.</summary>
    public string? TrackerMessage { get; init; }

    /// <summary>Web seeds that may still give something.</summary>
    public int WebSeeds { get; init; }

    /// <summary>Payload received from web seeds; counted in <see cref="DownloadedBytes"/> too.</summary>
    public long WebSeedBytes { get; init; }

    /// <summary>The last trouble with a web seed, in words; null when there is none.</summary>
    public string? WebSeedMessage { get; init; }

    /// <summary>Why the proxy cannot be used; null when it can, or there is none.</summary>
    public string? ProxyProblem { get; init; }

    /// <summary>What the relay does for us; null when none shall be used.</summary>
    public RelayStatus? Relay { get; init; }

    /// <summary>Payload that the relay passed on for all torrents, both ways, with the headers of uTP.</summary>
    public long RelayedBytes { get; init; }

    /// <summary>Why <see cref="TorrentPhase.Failed"/> or <see cref="TorrentPhase.WaitingForRoom"/>.</summary>
    public string? Problem { get; init; }

    /// <summary>Why it is as fast as it is: a clause in plain words, renewed once a second.</summary>
    public string Why { get; init; } = "";

    /// <summary>How long it will take at the present rate; null when nothing comes, or nothing is to come.</summary>
    public TimeSpan? Remaining =>
        Phase == TorrentPhase.Downloading && DownRate > 0 && (WantedBytes - VerifiedBytes) / DownRate is var seconds && seconds < TimeSpan.MaxValue.TotalSeconds / 10
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>0..1 of the wanted bytes.</summary>
    public double Fraction => WantedBytes > 0 ? (double)VerifiedBytes / WantedBytes : Phase == TorrentPhase.Seeding ? 1 : 0;
}
