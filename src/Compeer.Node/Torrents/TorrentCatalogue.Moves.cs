using Compeer.Content.Storage;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

// Other folders for torrents. Where the files go is remembered before the first is touched, so that a start after any end finishes it.
public sealed partial class TorrentCatalogue
{
    private static readonly TimeSpan MovePatience = TimeSpan.FromSeconds(20);

    private readonly TaskScope _moves = new();

    /// <summary>
    /// Moves a torrent's files to another folder; it stands still meanwhile, and goes on from there. Returns when they are there, or after
    /// twenty seconds; who waits no more does not stop it.
    /// </summary>
    /// <param name="torrent">Which.</param>
    /// <param name="directory">A full path; made when it is not there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NodeException">It cannot be done; everything is where it was.</exception>
    public async Task MoveAsync(NodeTorrent torrent, string directory, CancellationToken cancellationToken)
    {
        string target = PathText.Full(directory);
        if (target == torrent.Record.Directory)
            return;
        Torrent running = torrent.Running ?? throw new NodeException(NodeFailure.Usage, "The torrent is still being opened. Try again in a second.");
        Update(torrent, r => r.MovingTo is null
            ? r with { MovingTo = target, MoveProblem = null }
            : throw new NodeException(NodeFailure.Usage, $"The torrent is being moved to '{r.MovingTo}' already. Wait until it is there."));
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool begun = _moves.TryRun(async _ =>
        {
            try
            {
                await MoveAsync(torrent, running, target);
                moved.SetResult();
            }
            catch (Exception e) when (e is NodeException or OperationCanceledException)
            {
                moved.SetException(e);
            }
        });
        if (!begun)
            throw new NodeException(NodeFailure.Usage, "The node is being stopped.");
        await Task.WhenAny(moved.Task, Task.Delay(MovePatience, time, cancellationToken));
        if (!moved.Task.IsCompleted && _moves.TryRun(_ => RememberRefusalAsync(torrent, moved.Task)))
            return;
        await moved.Task;
    }

    /// <summary>Nobody waits any more for the answer, so that a refusal has to stand where people look.</summary>
    private async Task RememberRefusalAsync(NodeTorrent torrent, Task moved)
    {
        try
        {
            await moved;
        }
        catch (NodeException e)
        {
            Update(torrent, r => r with { MoveProblem = e.Message });
        }
        catch (OperationCanceledException)
        {
            // The node ends; the next start tries again.
        }
    }

    /// <summary>Takes the files in another folder for the torrent's, without moving any; they are checked there.</summary>
    /// <exception cref="NodeException">It cannot be done; everything is as it was.</exception>
    public async Task UseDirectoryAsync(NodeTorrent torrent, string directory, CancellationToken cancellationToken)
    {
        string target = PathText.Full(directory);
        if (torrent.Running is not { } running)
            throw new NodeException(NodeFailure.Usage, "The torrent is still being opened. Try again in a second.");
        if (torrent.Record.MovingTo is not null)
            throw new NodeException(NodeFailure.Usage, "The torrent is being moved. Wait until it is there.");
        if (running.Status.PieceCount > 0)
            KeepMetainfo(new NewTorrent { Metainfo = await running.MetainfoKnown.WaitAsync(cancellationToken) }, torrent.Record with { Directory = target });
        string before = torrent.Record.Directory;
        Update(torrent, r => r with { Directory = target, MoveProblem = null });
        await RestartAsync(torrent, cancellationToken);
        if (before != target)
            ForgetFolder(torrent, before);
    }

    /// <summary>Deletes the journal of files in a folder where the torrent's are no more.</summary>
    private void ForgetFolder(NodeTorrent torrent, string directory)
    {
        try
        {
            TorrentFolder.Open(dataDirectory, torrent.InfoHashes.Truncated, directory).Delete();
        }
        catch (StorageException e)
        {
            Happened?.Invoke($"The old journal of {torrent.Id} is left where it is, and does no harm. {e.Message}");
        }
    }

    private async Task MoveAsync(NodeTorrent torrent, Torrent running, string target)
    {
        try
        {
            await running.MoveAsync(target);
        }
        catch (Exception e) when (e is StorageException or InvalidOperationException)
        {
            Update(torrent, r => r with { MovingTo = null });
            Happened?.Invoke($"Not moved: {torrent.Id} '{torrent.Record.Name}'. {e.Message}");
            throw new NodeException(NodeFailure.Disk, $"The files stay in '{torrent.Record.Directory}': {e.Message}", e);
        }
        Update(torrent, r => r with { Directory = target, MovingTo = null });
        Happened?.Invoke($"Moved {torrent.Id} '{torrent.Record.Name}' to '{target}'.");
    }

    private async Task EndMoveOfLastRunAsync(NodeTorrent torrent)
    {
        Torrent running = torrent.Running!;
        try
        {
            await MoveAsync(torrent, running, torrent.Record.MovingTo!);
        }
        catch (NodeException e)
        {
            Update(torrent, r => r with { MoveProblem = e.Message });
        }
        catch (OperationCanceledException)
        {
            // The node ends; the next start tries again.
            return;
        }
        if (!torrent.Record.Paused)
            running.Resume();
    }
}
