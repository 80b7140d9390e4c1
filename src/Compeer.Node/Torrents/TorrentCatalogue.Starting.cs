using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

// What the state remembers becomes torrents that run.
public sealed partial class TorrentCatalogue
{
    /// <summary>Reads what is remembered; the torrents are listed from now on, and start with <see cref="StartAllAsync"/>.</summary>
    public void Load()
    {
        // Thousands of torrents lie in few folders.
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((_, TorrentRecord read) in state.All<TorrentRecord>(Prefix))
        {
            TorrentRecord record = read;
            if (!folders.TryAdd(read.Directory, read.Directory))
                record = read with { Directory = folders[read.Directory] };
            Enlist(new NodeTorrent(record) { Before = (record.Downloaded, record.Uploaded) });
        }
        _torrents.TrimExcess();
    }

    /// <summary>Starts all torrents that are remembered.</summary>
    public async Task StartAllAsync(TorrentClient client, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            _client = client;
            client.StatusChanged += OnStatusChanged;
            NodeTorrent[] known = [.. _torrents.All().Where(t => t.Running is null)];
            IReadOnlyList<Torrent> running = await Task.Run(() => client.AddKnown([.. known.Select(t => SettingsAtStart(t.Record))]), cancellationToken);
            for (int i = 0; i < known.Length; i++)
                known[i].Running = running[i];
            foreach (NodeTorrent torrent in known.Where(t => t.Record.MovingTo is not null))
                _moves.TryRun(_ => EndMoveOfLastRunAsync(torrent));
            _started.TrySetResult();
        }
        catch (Exception e)
        {
            _started.TrySetException(e);
            throw;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>One whose move was cut short opens nothing before its files are in one place.</summary>
    private TorrentSettings SettingsAtStart(TorrentRecord record) => Settings(record, null, []) with { Paused = record.Paused || record.MovingTo is not null };

    private TorrentSettings Settings(TorrentRecord record, Metainfo? metainfo, IEnumerable<IPEndPoint> peers) => new()
    {
        Directory = record.Directory,
        InfoHashes = record.ReadInfoHashes(),
        Name = record.Name,
        Metainfo = metainfo,
        TrackerTiers = [.. record.Trackers.Select(t => System.Collections.Immutable.ImmutableArray.Create(t))],
        WebSeeds = record.WebSeeds,
        Peers = [.. peers],
        LinkPeers = [.. record.LinkPeers.Select(p => IPEndPoint.TryParse(p, out IPEndPoint? parsed) ? parsed : null).OfType<IPEndPoint>().Where(p => p.Port > 0)],
        Takers = state.Get<TakersRecord>(TakersPrefix + record.ReadInfoHashes().Truncated)?.Read(time.GetUtcNow()) ?? [],
        Select = record.Preview ? _ => false : null,
        Priorities = record.Preview || record.Priorities is null ? null : PriorityText.Read(record.Priorities),
        UploadLimit = record.UpLimit,
        DownloadLimit = record.DownLimit,
        Paused = record.Paused,
        Sequential = record.Sequential,
    };
}
