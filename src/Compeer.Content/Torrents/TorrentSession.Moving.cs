using Compeer.Content.Storage;

namespace Compeer.Content.Torrents;

// Another folder for the files: closed as for a check, moved by a disk thread, and opened there; or, if that is refused, where it was.
internal sealed partial class TorrentSession
{
    private PendingMove? _move;

    /// <summary>Brings the files to another folder.</summary>
    public Task MoveAsync(string directory)
    {
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new TorrentIntent(session => session.Move(directory, moved), () => moved.TrySetException(new InvalidOperationException("The torrent has ended."))));
        return moved.Task;
    }

    private void Move(string directory, TaskCompletionSource moved)
    {
        string target = new GuardedPath(directory).Root;
        if (_move is { } other)
        {
            moved.TrySetException(new InvalidOperationException($"The torrent is being moved to '{other.Directory}' already."));
            return;
        }
        if (target == new GuardedPath(Settings.Directory).Root)
        {
            moved.TrySetResult();
            return;
        }
        _move = new PendingMove(target, moved);
        Close("its files are being moved");
        if (!IsPaused)
            SetPhase(TorrentPhase.Moving);
        if (IsAsleep)
            BeginMove(_move);
    }

    private void BeginMove(PendingMove move)
    {
        TorrentFolder folder;
        try
        {
            OpenFolder();
            folder = Folder;
        }
        catch (StorageException e)
        {
            EndMove(e);
            return;
        }
        (string data, string from) = (Services.Options.DataDirectory, Settings.Directory);
        RunAside(async cancellationToken =>
        {
            Exception? problem = null;
            try
            {
                await Services.Disk.RunAsync(() =>
                {
                    TorrentMove.Run(data, folder, InfoHashes.Truncated, from, move.Directory, cancellationToken);
                    return true;
                });
            }
            catch (Exception e) when (e is StorageException or OperationCanceledException)
            {
                problem = e;
            }
            Post(new TorrentIntent(session => session.EndMove(problem)));
        });
    }

    private void EndMove(Exception? problem)
    {
        PendingMove move = _move!;
        _move = null;
        CloseFolder();
        if (problem is null)
            Settings = Settings with { Directory = move.Directory };
        if (!IsPaused)
            Reopen();
        if (problem is null)
            move.Moved.TrySetResult();
        else
            move.Moved.TrySetException(problem);
    }

    private sealed record PendingMove(string Directory, TaskCompletionSource Moved);
}
