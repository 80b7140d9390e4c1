using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Torrents;

/// <summary>How one torrent is to be run.</summary>
public sealed record TorrentSettings
{
    /// <summary>Folder that the files lie or shall lie in.</summary>
    public required string Directory { get; init; }

    /// <summary>The torrent's ids.</summary>
    public required InfoHashes InfoHashes { get; init; }

    /// <summary>What the metainfo calls it, where that is known without it: a torrent that sleeps then keeps no name of its own.</summary>
    public string? Name { get; init; }

    /// <summary>The metainfo, or null when it is to be fetched from peers.</summary>
    public Metainfo? Metainfo { get; init; }

    /// <summary>Trackers in tiers, for a torrent without metainfo or in addition to its own.</summary>
    public ImmutableArray<ImmutableArray<string>> TrackerTiers { get; init; } = [];

    /// <summary>Web seeds of the link, in addition to the metainfo's own. Spec: BEP 19.</summary>
    public ImmutableArray<string> WebSeeds { get; init; } = [];

    /// <summary>Peers that a person named: dialled first, even if the torrent is private.</summary>
    public ImmutableArray<IPEndPoint> Peers { get; init; } = [];

    /// <summary>Peers that the link named (x.pe): dialled first, unless the torrent is private.</summary>
    public ImmutableArray<IPEndPoint> LinkPeers { get; init; } = [];

    /// <summary>Who fetched from us in earlier runs, as <see cref="Torrent.GetTakersAsync"/> told then.</summary>
    public IReadOnlyList<TakerDetails> Takers { get; init; } = [];

    /// <summary>Which files are wanted; null means all.</summary>
    public Func<TorrentFile, bool>? Select { get; init; }

    /// <summary>How much each file of the metainfo is wanted; those past the end of the list as usual. Null leaves it to <see cref="Select"/>.</summary>
    public IReadOnlyList<FilePriority>? Priorities { get; init; }

    /// <summary>Upload limit of this torrent in bytes per second, beside that of the client; 0 means none.</summary>
    public long UploadLimit { get; init; }

    /// <summary>Download limit of this torrent in bytes per second, beside that of the client; 0 means none.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Begin paused: nothing is opened, dialled or announced before <see cref="Torrent.Resume"/>.</summary>
    public bool Paused { get; init; }

    /// <summary>Fetch pieces in order, for playing while loading.</summary>
    public bool Sequential { get; init; }

    /// <summary>Show each peer few pieces, so that a first seed gives each piece about once.</summary>
    public bool SuperSeeding { get; init; }

    /// <summary>Reserve the whole length of files when they are made.</summary>
    public bool Preallocate { get; init; }
}
