using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Native;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>
/// Brings the files of a torrent that stands still, and what is kept of it, to another folder. Within a file system files are renamed;
/// to another they are copied and read back, and the old ones go when all else is done. What is refused is undone. Blocks.
/// </summary>
/// <remarks>
/// Killed at any point, the same move done again finishes it: a file is at its old place, or at its new one, or at both alike; and the
/// old journal stays until the new one is on the disk.
/// </remarks>
internal sealed class TorrentMove
{
    private readonly Metainfo _metainfo;
    private readonly GuardedPath _from;
    private readonly GuardedPath _to;
    private readonly CancellationToken _cancellationToken;
    private readonly List<(string From, string To)> _renamed = [];
    private readonly List<string> _copied = [];
    private readonly List<string> _sources = [];

    private TorrentMove(Metainfo metainfo, string from, string to, CancellationToken cancellationToken)
    {
        (_metainfo, _cancellationToken) = (metainfo, cancellationToken);
        (_from, _to) = (new GuardedPath(from), new GuardedPath(to));
    }

    private IEnumerable<TorrentFile> Files => _metainfo.Files.Where(f => !f.IsPad);

    /// <summary>Moves everything.</summary>
    /// <param name="dataDirectory">Of the node.</param>
    /// <param name="old">What is kept of the torrent now; deleted in the end.</param>
    /// <param name="swarmId">The torrent.</param>
    /// <param name="from">The folder of its files.</param>
    /// <param name="to">Their folder to be.</param>
    /// <param name="cancellationToken">Undoes what was done.</param>
    /// <exception cref="StorageException">It is not possible; all is where it was.</exception>
    public static void Run(string dataDirectory, TorrentFolder old, Sha1Hash swarmId, string from, string to, CancellationToken cancellationToken)
    {
        using TorrentFolder fresh = TorrentFolder.Open(dataDirectory, swarmId, to);
        bool isNew = fresh.LoadMetainfo() is null;
        try
        {
            // Without a description there are no files, or the last run died after all was moved.
            if (old.LoadMetainfo() is { } kept)
            {
                if (!Metainfo.TryParse(kept, MetainfoLimits.Default, out Metainfo? metainfo, out string error))
                    throw new StorageException(StorageFailure.Denied, -1, $"The description that is kept of this torrent is damaged: {error}. Add the torrent again first.");
                new TorrentMove(metainfo, from, to, cancellationToken).Run(old, fresh);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            if (isNew)
                fresh.Delete();
            throw e is OperationCanceledException ? e : StorageException.From(e, -1, to);
        }
        if (old.LoadPeers() is { } peers)
            fresh.SavePeers(peers);
        Leave(old.Delete);
    }

    private void Run(TorrentFolder old, TorrentFolder fresh)
    {
        JournalState? state;
        using (ResumeJournal journal = ResumeJournal.Of(old, _metainfo, _from.Root))
            state = journal.Load();
        DateTime written = File.GetLastWriteTimeUtc(old.JournalPath);
        bool[] own = [.. _metainfo.Files.Select(f => !f.IsPad && state?.Side[f.Index] != true)];
        try
        {
            Directory.CreateDirectory(_to.Root);
            foreach (TorrentFile file in Files)
                Check(file);
            foreach (TorrentFile file in Files)
                Move(file, state);
            fresh.SaveMetainfo(_metainfo.ToTorrentFile());
            using var storage = new TorrentStorage(_metainfo, _to.Root, own, fresh.SidePath);
            ResumePlan plan = ResumePlan.Make(_metainfo, storage, own, state, written);
            using ResumeJournal journal = ResumeJournal.Of(fresh, _metainfo, _to.Root);
            journal.Begin(plan.Have, [.. _metainfo.Files.Select(f => !f.IsPad && !own[f.Index])], plan.Check, plan.Stamps);
            if (File.Exists(old.SidePath))
                File.Move(old.SidePath, fresh.SidePath, overwrite: true);
        }
        catch
        {
            Undo();
            throw;
        }
        foreach (string source in _sources)
            Leave(() => File.Delete(source));
        new TorrentFiles(_metainfo, _from.Root).DeleteEmptyFolders();
    }

    /// <summary>Clears away what is of no use any more; what the system keeps in spite of that harms nobody.</summary>
    private static void Leave(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // See above.
        }
    }

    /// <summary>Before anything is touched: no links on the way, and nothing else where a file is to go.</summary>
    private void Check(TorrentFile file)
    {
        (string source, string target) = PathsOf(file);
        if (!File.Exists(source) || !File.Exists(target))
        {
            if (Directory.Exists(target))
                throw new StorageException(StorageFailure.Denied, file.Index, $"'{target}' is a folder, and a file is to go there. Move it away, or choose another folder.");
            return;
        }
        RefuseSameFolder(Path.GetDirectoryName(source)!, Path.GetDirectoryName(target)!);
        if (!FileCopy.AreSame(source, target, _cancellationToken))
            throw new StorageException(StorageFailure.Denied, file.Index, $"'{target}' is there already, and is another file. Move it away, or choose another folder.");
    }

    /// <summary>Under two names, as through a link above it, one folder would lose what it seems to have twice.</summary>
    private static void RefuseSameFolder(string from, string to)
    {
        string name = $".compeer-{Guid.NewGuid():n}";
        string probe = Path.Combine(from, name);
        using (new FileStream(probe, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose }))
        {
            if (File.Exists(Path.Combine(to, name)))
                throw new StorageException(StorageFailure.Denied, -1, $"'{to}' is the folder '{from}' under another name. Choose another.");
        }
    }

    private void Move(TorrentFile file, JournalState? state)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        (string source, string target) = PathsOf(file);
        if (!File.Exists(source))
            return;
        string folder = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        if (!File.Exists(target))
        {
            if (FileRename.TryMove(source, target))
            {
                _renamed.Add((source, target));
                Flush(target);
                return;
            }
            FileStamp? left = FileStamp.Of(source);
            FileCopy.Make(source, target, _cancellationToken);
            _copied.Add(target);
            // The new file system may keep times less finely; the content is known to be the same.
            if (state is not null && state.Stamps.TryGetValue(file.Index, out FileStamp known) && known == left)
                state.Stamps[file.Index] = FileStamp.Of(target) ?? known;
            DirectorySync.Flush(folder);
        }
        _sources.Add(source);
    }

    /// <summary>The new journal says of no piece that it may be lost with the machine.</summary>
    private static void Flush(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
    }

    private void Undo()
    {
        foreach ((string from, string to) in _renamed)
            FileRename.TryMove(to, from);
        foreach (string copy in _copied)
            File.Delete(copy);
        new TorrentFiles(_metainfo, _to.Root).DeleteEmptyFolders();
    }

    private (string Source, string Target) PathsOf(TorrentFile file)
    {
        (string source, string target) = (_from.Resolve(file.SafePath, file.Index), _to.Resolve(file.SafePath, file.Index));
        _from.RefuseLinks(source, file.Index);
        _to.RefuseLinks(target, file.Index);
        return (source, target);
    }
}
