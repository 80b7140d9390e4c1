using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;

namespace Compeer.Content.Torrents;

// Standing still without ending: paused by a person, or because of a failure. The content is closed as for sleep, once all that
// works on it is done; trackers are told goodbye, and nobody is dialled, announced to or let in.
internal sealed partial class TorrentSession
{
    /// <summary>A person put it to rest.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>It neither speaks nor listens, until somebody resumes it.</summary>
    public bool IsHalted => IsPaused || Phase == TorrentPhase.Failed || _move is not null;

    /// <summary>The content closes as soon as nothing works on it any more.</summary>
    public bool IsClosing { get; private set; }

    private bool IsDrained =>
        Links.Count == 0 && Volatile.Read(ref _reads) == 0 && _content is not { IsBusy: true } && _downloads is not { IsDrained: false };

    /// <summary>Stops everything until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        if (IsPaused)
            return;
        IsPaused = true;
        Halt("the torrent was paused");
        SetPhase(TorrentPhase.Paused);
    }

    /// <summary>Goes on after a pause, or tries again after a failure.</summary>
    public void Resume()
    {
        if (!IsHalted)
            return;
        IsPaused = false;
        if (_move is not null)
        {
            SetPhase(TorrentPhase.Moving);
            return;
        }
        FirstAnnounce = Services.Turns.FirstAnnounce(1);
        SetPhase(TorrentPhase.Checking);
        if (IsAsleep)
            Reopen();
    }

    /// <summary>Goes no further, for a reason in words; <see cref="Resume"/> tries again.</summary>
    public void Fail(string reason)
    {
        Halt(reason);
        SetPhase(TorrentPhase.Failed, reason);
    }

    private void Halt(string reason)
    {
        _readers?.EndAll(reason);
        _announces?.Leave();
        Discovery.Silence();
        Close(reason);
    }

    private void Close(string reason)
    {
        if (IsAsleep)
            return;
        IsClosing = true;
        _webSeeds?.StopAll();
        foreach (PeerLink link in Links.Values)
            Peers.Drop(link, reason);
        while (_withheld is not null && _withheld.TryDequeue(out (PeerLink Link, TransferBuffer Buffer) held))
            held.Link.Connection.Release(held.Buffer);
        _content?.StopChecking();
        _downloads?.DropUnwritten();
    }

    /// <summary>Begins paused: what is known is shown, and nothing is opened.</summary>
    private void BeginPaused(Metainfo? known)
    {
        IsPaused = true;
        Phase = TorrentPhase.Paused;
        _atSleep = known is null ? Status : ContentGlance.Read(Folder, known, Settings).Describe(Status);
        PutAway();
    }

    /// <summary>Opens what was closed by <see cref="Halt"/>, as at a start.</summary>
    private void Reopen()
    {
        IsAsleep = false;
        Phase = TorrentPhase.FetchingMetadata;
        Try(Begin);
        // One that is complete need not be kept ready by a person's word.
        _wantedAt = Now - Services.Options.SleepAfter;
        PublishStatus();
    }

    /// <summary>Deletes what is kept of the torrent, which has ended.</summary>
    /// <exception cref="StorageException">Something could not be deleted, or another process works on it.</exception>
    public void Forget(bool deleteFiles)
    {
        OpenFolder();
        try
        {
            if (deleteFiles && (Settings.Metainfo ?? LoadMetainfo()) is { } known)
                new TorrentFiles(known, Settings.Directory).Delete();
            Folder.Delete();
        }
        finally
        {
            CloseFolder();
        }
    }

    /// <summary>Wakes the torrent, if it sleeps; false when that is not possible now.</summary>
    public bool TryOpen()
    {
        bool open = false;
        Try(() => open = TryWake());
        return open;
    }

    /// <summary>Runs a step of the torrent; if the disk refuses, the torrent has failed.</summary>
    private void Try(Action step)
    {
        try
        {
            step();
        }
        catch (StorageException e)
        {
            Fail(e.Message);
        }
    }

    /// <summary>Gives the metainfo, which a closed torrent keeps on the disk only, to whoever waits for it.</summary>
    private void LendMetainfo()
    {
        bool wasOpen = _folder is not null;
        try
        {
            OpenFolder();
            if (LoadMetainfo() is { } kept)
                Interlocked.Exchange(ref _metainfoKnown, null)?.TrySetResult(kept);
        }
        catch (StorageException e)
        {
            Interlocked.Exchange(ref _metainfoKnown, null)?.TrySetException(e);
        }
        if (!wasOpen)
            CloseFolder();
    }
}
