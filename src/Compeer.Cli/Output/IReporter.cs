using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.PortMapping;
using Compeer.Network.Turn;

namespace Compeer.Cli.Output;

/// <summary>What a share serves.</summary>
/// <param name="DaemonId">The id of its torrent in the daemon that serves it; null when this process does.</param>
internal sealed record SharingReport(
    string Name, string Link, InfoHashes InfoHashes, long LengthBytes, int Files, string? TorrentFile, IReadOnlyList<string> Addresses, IReadOnlyList<string> Trackers, string? DaemonId = null);

/// <summary>What a torrent is.</summary>
/// <param name="Files">How many, without padding.</param>
internal sealed record MetadataReport(string Name, InfoHashes InfoHashes, long LengthBytes, int Files, int Pieces, int PieceLengthBytes)
{
    public static MetadataReport Of(Metainfo metainfo) => new(
        metainfo.Name, metainfo.InfoHashes, metainfo.ContentLength, metainfo.Files.Count(f => !f.IsPad), metainfo.PieceCount, metainfo.PieceLength);
}

/// <summary>Where the commands say what happens: a terminal, plain lines, or one JSON object a line.</summary>
internal interface IReporter : IDisposable
{
    void Sharing(SharingReport report);

    void Metadata(MetadataReport report);

    void Progress(TorrentStatus status);

    void Event(TorrentEvent happened);

    /// <summary>What the router does for our port. May be called from any thread.</summary>
    void PortMapping(PortMappingStatus status);

    /// <summary>What the relay does for us: a port of ours there, or why there is none.</summary>
    void Relay(RelayStatus status);

    void Complete(TorrentStatus status, string directory);

    /// <summary>A version of a mutable torrent is named in the DHT, or was found there.</summary>
    void Published(long version, Sha1Hash infoHash, int nodes);

    /// <summary>Something worth knowing that ends nothing.</summary>
    void Note(string message);

    /// <summary>The reason why the command ends.</summary>
    void Error(string message, int exitCode);
}
