using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>A torrent to be added: a link or a description, and how it is to be run.</summary>
public sealed record NewTorrent
{
    /// <summary>The link; null when there is a description.</summary>
    public MagnetLink? Link { get; init; }

    /// <summary>The description; null when there is a link.</summary>
    public Metainfo? Metainfo { get; init; }

    /// <summary>Folder for the files; null takes the configured one.</summary>
    public string? Directory { get; init; }

    public ImmutableArray<string> Labels { get; init; } = [];

    public bool Paused { get; init; }

    public bool Sequential { get; init; }

    /// <summary>Fetch the description only, until somebody decides.</summary>
    public bool Preview { get; init; }

    /// <summary>Peers that a person named.</summary>
    public ImmutableArray<IPEndPoint> Peers { get; init; } = [];

    /// <summary>The ids.</summary>
    public InfoHashes InfoHashes => Metainfo?.InfoHashes ?? Link!.InfoHashes;

    /// <summary>Reads a magnet link.</summary>
    /// <exception cref="NodeException">It is none that can be used.</exception>
    public static NewTorrent FromLink(string link) => MagnetLink.TryParse(link, out MagnetLink? parsed, out string why)
        ? new NewTorrent { Link = parsed }
        : throw new NodeException(NodeFailure.BadInput, $"The link cannot be used: {why}. Copy the whole link.");

    /// <summary>Reads a .torrent file.</summary>
    /// <exception cref="NodeException">It is none that can be used.</exception>
    public static NewTorrent FromFile(ReadOnlyMemory<byte> torrentFile) => Metainfo.TryParse(torrentFile, MetainfoLimits.Default, out Metainfo? metainfo, out string error)
        ? new NewTorrent { Metainfo = metainfo }
        : throw new NodeException(NodeFailure.BadInput, $"This is not a usable torrent: {error}. Get it again from where it came.");
}
