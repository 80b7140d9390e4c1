using System.Collections.Immutable;
using System.Net;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>What a LINK or FILE.torrent argument stands for.</summary>
internal sealed record TorrentSource(InfoHashes InfoHashes, Metainfo? Metainfo, MagnetLink? Link)
{
    /// <summary>The trackers of a link, each a tier of its own.</summary>
    public ImmutableArray<ImmutableArray<string>> TrackerTiers => Link is null ? [] : [.. Link.Trackers.Select(t => ImmutableArray.Create(t))];

    /// <summary>Reads the argument.</summary>
    /// <exception cref="CommandException">It is neither a link nor a readable torrent.</exception>
    public static TorrentSource Read(string argument)
    {
        if (argument.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase))
        {
            if (!MagnetLink.TryParse(argument, out MagnetLink? link, out string why))
                throw new CommandException(ExitCode.BadInput, $"The link cannot be used: {why}. Copy the whole link and put it in quotes.");
            return new TorrentSource(link.InfoHashes, null, link);
        }
        if (string.IsNullOrWhiteSpace(argument))
            throw new CommandException(ExitCode.BadInput, "The link is empty. Copy the whole link and put it in quotes.");
        Metainfo metainfo = ReadFile(argument);
        return new TorrentSource(metainfo.InfoHashes, metainfo, null);
    }

    /// <summary>Reads a .torrent file.</summary>
    /// <exception cref="CommandException">There is none, or it is broken.</exception>
    public static Metainfo ReadFile(string path)
    {
        byte[] bytes;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new CommandException(ExitCode.BadInput, $"'{path}' is neither a magnet link nor a file. Check the path, or put the link in quotes.");
            if (file.Length > MetainfoLimits.Default.Bencode.MaxBytes)
                throw new CommandException(ExitCode.BadInput, $"'{path}' is too large for a torrent file ({file.Length} bytes).");
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.BadInput, $"'{path}' cannot be read: {e.Message}");
        }
        return Metainfo.TryParse(bytes, MetainfoLimits.Default, out Metainfo? metainfo, out string error)
            ? metainfo
            : throw new CommandException(ExitCode.BadInput, $"'{path}' is not a usable torrent: {error}. Get it again from where it came.");
    }

    /// <summary>The peers that the link names; host names are looked up where <paramref name="mayLookUp"/>, and left out elsewhere.</summary>
    public async Task<ImmutableArray<IPEndPoint>> FindPeersAsync(bool mayLookUp, CancellationToken cancellationToken)
    {
        var found = new List<IPEndPoint>();
        foreach (string peer in Link?.Peers ?? [])
        {
            if (Parse.TryEndPoint(peer, out IPEndPoint endpoint))
            {
                found.Add(endpoint);
                continue;
            }
            int colon = peer.LastIndexOf(':');
            if (!mayLookUp || colon <= 0 || !ushort.TryParse(peer.AsSpan(colon + 1), out ushort port) || Uri.CheckHostName(peer[..colon]) != UriHostNameType.Dns)
                continue;
            try
            {
                found.AddRange((await Dns.GetHostAddressesAsync(peer[..colon], cancellationToken)).Select(a => new IPEndPoint(a, port)));
            }
            catch (System.Net.Sockets.SocketException)
            {
                // The name is unknown here; the other ways to find peers remain.
            }
        }
        return [.. found];
    }
}
