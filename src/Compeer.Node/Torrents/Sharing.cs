using System.Collections.Immutable;
using Compeer.Content.Creation;
using Compeer.Formats.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>What is to be made into a torrent.</summary>
/// <param name="Path">A file or a folder of this machine.</param>
/// <param name="Format">v1, v2 or hybrid.</param>
/// <param name="Trackers">Each a tier of its own.</param>
/// <param name="Private">Peers come from trackers only.</param>
/// <param name="PieceSize">Bytes; null chooses.</param>
/// <param name="Share">Give it at once; false adds it paused.</param>
public sealed record NewShare(string? Path, string? Format, ImmutableArray<string> Trackers, bool Private, int? PieceSize, bool Share = true);

/// <summary>Makes torrents of what lies on the disk, and adds them. What was made of unchanged files before is not read again.</summary>
/// <param name="catalogue">Where they are added.</param>
/// <param name="addresses">Finds the addresses that a link may name.</param>
/// <param name="dataDirectory">Remembers what was made.</param>
internal sealed class Sharing(TorrentCatalogue catalogue, Func<CancellationToken, Task<string[]>> addresses, string dataDirectory)
{
    private const int MaxTrackers = 50;

    /// <summary>Checks what can be checked at once.</summary>
    /// <exception cref="NodeException">It cannot be shared.</exception>
    public static TorrentFormat Check(NewShare share)
    {
        string path = PathText.Full(share.Path);
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new NodeException(NodeFailure.BadInput, $"'{path}' is not there. Check the path.");
        if (share.PieceSize is { } size && (size is < 16 << 10 or > 256 << 20 || !int.IsPow2(size)))
            throw new NodeException(NodeFailure.BadInput, $"The piece size {size} must be a power of two from 16 KiB to 256 MiB.");
        if (!share.Trackers.IsDefaultOrEmpty && (share.Trackers.Length > MaxTrackers || share.Trackers.Any(t => !Uri.TryCreate(t, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https" or "udp"))))
            throw new NodeException(NodeFailure.BadInput, $"A tracker is an http, https or udp address; at most {MaxTrackers} are taken.");
        return share.Format switch
        {
            null or "hybrid" => TorrentFormat.Hybrid,
            "v1" => TorrentFormat.V1,
            "v2" => TorrentFormat.V2,
            _ => throw new NodeException(NodeFailure.BadInput, $"'{share.Format}' is not a format: choose v1, v2 or hybrid."),
        };
    }

    /// <summary>Reads, hashes and adds.</summary>
    public async Task<(NodeTorrent Torrent, string Link)> ShareAsync(NewShare share, Action<double> progress, CancellationToken cancellationToken)
    {
        TorrentFormat format = Check(share);
        ShareFiles files = ShareFiles.Scan(PathText.Full(share.Path));
        var state = new ShareState(dataDirectory, files.Root, $"{format} {share.Private} {share.PieceSize}");
        Metainfo? metainfo = state.Load(files);
        if (metainfo is null)
        {
            var builder = new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, format, share.PieceSize ?? 0) { IsPrivate = share.Private };
            CheckNames(files, builder);
            long total = files.TotalLength;
            metainfo = await TorrentCreator.HashAsync(files, builder, new Share(bytes => progress((double)bytes / total)), cancellationToken);
            if (catalogue.Find(metainfo.InfoHashes.Truncated.ToString()) is null)
                state.Save(files, metainfo);
        }
        if (!share.Trackers.IsDefaultOrEmpty)
            metainfo = metainfo.WithTrackers([.. share.Trackers.Select(t => ImmutableArray.Create(t))]);
        (NodeTorrent torrent, _) = await catalogue.AddAsync(new NewTorrent { Metainfo = metainfo, Directory = files.Parent, Paused = !share.Share }, cancellationToken);
        // Peers of a private torrent come from its tracker alone.
        string[] peers = metainfo.IsPrivate ? [] : await addresses(cancellationToken);
        var link = new MagnetLink { InfoHashes = metainfo.InfoHashes, Name = metainfo.Name, Trackers = share.Trackers.IsDefault ? [] : share.Trackers, Peers = [.. peers] };
        return (torrent, link.ToString());
    }

    /// <summary>What others would have to rename could not be served from here under its own name.</summary>
    private static void CheckNames(ShareFiles files, MetainfoBuilder builder)
    {
        if (builder.Files.FirstOrDefault(f => !f.IsPad && !File.Exists(Path.Combine(files.Parent, f.SafePath))) is { } file)
            throw new NodeException(NodeFailure.BadInput, $"'{string.Join('/', file.Path)}' has a name that other systems cannot store (it would become '{file.SafePath}'). Rename it and try again.");
    }

    private sealed class Share(Action<long> tell) : IProgress<long>
    {
        public void Report(long value) => tell(value);
    }
}
