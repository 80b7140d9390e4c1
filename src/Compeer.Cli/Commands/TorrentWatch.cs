using Compeer.Cli.Output;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Turn;

namespace Compeer.Cli.Commands;

/// <summary>Follows a torrent and tells the reporter, until something ends it.</summary>
internal sealed class TorrentWatch(Torrent torrent, IReporter reporter, TimeSpan timeout)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private long _seenProgress = -1;
    private long _progressAt = TimeProvider.System.GetTimestamp();
    private bool _toldMetadata;
    private string? _toldProxyProblem;
    private RelayStatus? _toldRelay;

    /// <summary>Returns when everything wanted is there.</summary>
    /// <exception cref="CommandException">It failed, or nothing came for too long.</exception>
    public async Task<TorrentStatus> UntilCompleteAsync(string[] globs, CancellationToken cancellationToken)
    {
        while (!torrent.Completed.IsCompletedSuccessfully)
        {
            await Task.WhenAny(torrent.Completed, Task.Delay(Pace, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            TorrentStatus status = Report();
            if (status.Metainfo is { } metainfo && !_toldMetadata)
            {
                _toldMetadata = true;
                GetCommand.CheckSelection(metainfo, globs);
                reporter.Metadata(MetadataReport.Of(metainfo));
            }
            if (status.Phase == TorrentPhase.Failed)
                throw new CommandException(ExitCode.Disk, status.Problem ?? "The torrent failed.");
            CheckTimeout(status);
        }
        TorrentStatus last = Report();
        if (!_toldMetadata && last.Metainfo is { } known)
            reporter.Metadata(MetadataReport.Of(known));
        return last;
    }

    /// <summary>Returns only by cancellation.</summary>
    public async Task UntilStoppedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Pace, cancellationToken);
            if (Report().Phase == TorrentPhase.Failed)
                throw new CommandException(ExitCode.Disk, torrent.Status.Problem ?? "The torrent failed.");
        }
    }

    private TorrentStatus Report()
    {
        while (torrent.Events.TryRead(out TorrentEvent? happened))
            reporter.Event(happened);
        TorrentStatus status = torrent.Status;
        reporter.Progress(status);
        if (status.ProxyProblem != _toldProxyProblem && status.ProxyProblem is { } proxy)
            reporter.Note(proxy);
        _toldProxyProblem = status.ProxyProblem;
        if (status.Relay is { } relay && relay != _toldRelay)
            reporter.Relay(_toldRelay = relay);
        return status;
    }

    private void CheckTimeout(TorrentStatus status)
    {
        long progress = status.VerifiedBytes + status.RehashedBytes + status.DownloadedBytes + (status.Metainfo is null ? 0 : 1);
        if (progress != _seenProgress || status.Phase == TorrentPhase.WaitingForRoom)
        {
            _seenProgress = progress;
            _progressAt = TimeProvider.System.GetTimestamp();
        }
        if (timeout <= TimeSpan.Zero || TimeProvider.System.GetElapsedTime(_progressAt) < timeout)
            return;
        string what = status.Metainfo is null ? "No peer gave the torrent's description" : "No peer gave anything new";
        string why = status.KnownPeers == 0 ? "no peers are known" : status.Peers == 0 ? $"none of the known peers answers ({status.PeersExplained})" : $"{status.Peers} peers are connected but send nothing";
        if (status.ProxyProblem is { } proxy)
            why += $". {proxy.TrimEnd('.')}";
        else if (status.WebSeedMessage is { } webSeed)
            why += $"; the web seed {webSeed}";
        throw new CommandException(ExitCode.NotFound, $"{what} for {timeout.TotalSeconds:0} s: {why}. Try later, name a peer with --peer, or raise --timeout; what was fetched is kept.");
    }
}
