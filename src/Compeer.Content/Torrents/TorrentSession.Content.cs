using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols;

namespace Compeer.Content.Torrents;

// What the torrent holds, and how it is put away while nobody wants it.
internal sealed partial class TorrentSession
{
    private TorrentFolder? _folder;
    private TorrentContent? _content;
    private Downloads? _downloads;
    private Uploads? _uploads;
    private MetadataTransfer? _metadata;
    private HashExchange? _hashes;
    private WebSeeds? _webSeeds;
    private Punches? _punches;
    private TorrentStatus? _atSleep;
    private Instant _wantedAt;
    private bool _isBegun;
    private bool _isWaking;
    private bool _isIntroduced;
    private int _reads;
    private int _fileCount;

    public TorrentContent Content => _content ??= new TorrentContent(this);

    public Downloads Downloads => _downloads ??= new Downloads(this);

    public Uploads Uploads => _uploads ??= new Uploads(this);

    public MetadataTransfer Metadata => _metadata ??= new MetadataTransfer(this);

    public HashExchange Hashes => _hashes ??= new HashExchange(this);

    public WebSeeds WebSeeds => _webSeeds ??= new WebSeeds(this);

    public Punches Punches => _punches ??= new Punches(this);

    /// <summary>The torrent's own folder; only while it is awake, for another process may have it meanwhile.</summary>
    public TorrentFolder Folder => _folder ?? throw new InvalidOperationException("The torrent's folder is not open.");

    /// <summary>Null until it is known, and while the torrent sleeps.</summary>
    public Metainfo? Metainfo { get; private set; }

    /// <summary>
    /// The content is closed, and with it all that only connections need; announces and dials go on. The torrent is complete, and was
    /// verified against its journal when it fell asleep; it is compared again when it wakes, before anything is served.
    /// </summary>
    public bool IsAsleep { get; private set; }

    /// <summary>Only its trackers may tell of its peers. Unknown, and so false, until the metainfo is known. Spec: BEP 27.</summary>
    public bool IsPrivate { get; private set; }

    /// <summary>When the torrent, if it sleeps from the start, announces itself first.</summary>
    public Instant FirstAnnounce { get; private set; }

    /// <summary>It has to wait until others have announced themselves.</summary>
    public bool IsHeldBack => IsAsleep && Now < FirstAnnounce;

    /// <summary>Bytes that are still wanted, as trackers are told; something while that is unknown.</summary>
    public long LeftBytes => IsAsleep && Phase == TorrentPhase.Seeding ? 0 : Metainfo is null ? UnknownLeft : Content.WantedBytes - Content.VerifiedBytes;

    private bool MaySleep =>
        !IsAsleep && !_ending && IsDrained
        && (IsClosing || (Phase == TorrentPhase.Seeding && _readers is null or { IsEmpty: true } && Now - _wantedAt >= Services.SleepAfter && Content.IsSettled && Downloads.IsSettled));

    /// <summary>Something that needs the content open, such as a read for a peer, is about to begin elsewhere; told on the loop.</summary>
    public void BeginRead() => Interlocked.Increment(ref _reads);

    /// <summary>It is over; told from there.</summary>
    public void EndRead() => Interlocked.Decrement(ref _reads);

    /// <summary>Takes the torrent's folder for this process.</summary>
    /// <exception cref="StorageException">Another process uses it, or the system refuses.</exception>
    public void OpenFolder()
    {
        if (_folder is not null)
            return;
        _folder = TorrentFolder.Open(Services.Options.DataDirectory, InfoHashes.Truncated, Settings.Directory);
        Services.CountOpen(1);
    }

    /// <summary>The info dictionary is known, from the start or from a peer.</summary>
    public void UseMetainfo(Metainfo metainfo)
    {
        Metainfo = metainfo;
        TellMetainfo(metainfo);
        if (!_isIntroduced)
        {
            Introduce(metainfo);
            // Who is known already is greeted while the disk is looked at. Torrents of earlier runs may be complete, and dial when that is known.
            if (!_isKnown)
                Peers.Dial();
        }
        foreach (PeerLink link in Links.Values.ToArray())
            Peers.BeginPieces(link);
        WebSeeds.Add(metainfo.WebSeeds);
        if (!metainfo.HasAllPieceLayers)
            Hashes.Begin(metainfo);
        // Without its piece layers nothing of a v2 torrent can be verified; a hybrid has its v1 hashes meanwhile.
        if (metainfo.HasAllPieceLayers || metainfo.Format == TorrentFormat.Hybrid)
            Content.Open(metainfo);
    }

    /// <summary>All piece layers came.</summary>
    public void OnPieceLayers()
    {
        Folder.SaveMetainfo(Metainfo!.ToTorrentFile());
        if (Phase == TorrentPhase.FetchingMetadata)
            Content.Open(Metainfo);
    }

    /// <summary>Every wanted piece is there: peers that only give are of no more use.</summary>
    public void OnComplete()
    {
        _announces?.OnCompleted();
        WebSeeds.StopAll();
        if (!HasCompleted)
            Tell(new TorrentCompleted());
        SetPhase(TorrentPhase.Seeding);
        foreach (PeerLink link in Links.Values.ToArray())
        {
            link.Wire.SetInterested(false);
            link.Wire.SendUploadOnly(true);
            if (link.Wire.RemotePieces?.IsComplete == true || link.Wire.Remote.IsUploadOnly)
                Peers.Drop(link, "both sides have everything");
            MarkDirty(link);
        }
    }

    /// <summary>Something is wanted again.</summary>
    public void OnIncomplete()
    {
        foreach (PeerLink link in Links.Values)
            link.Wire.SendUploadOnly(false);
        SetPhase(TorrentPhase.Downloading);
    }

    private void TellMetainfo(Metainfo metainfo)
    {
        // Who asks for it looks in the other order.
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _metainfoKnown)?.TrySetResult(metainfo);
    }

    private void Begin()
    {
        OpenFolder();
        if (Settings.Metainfo is { } given)
            Folder.SaveMetainfo(given.ToTorrentFile());
        Metainfo? known = Settings.Metainfo ?? LoadMetainfo();
        if (Settings.Paused)
        {
            BeginPaused(known);
            return;
        }
        Discovery.Begin();
        if (!_isBegun)
            AddTiers(Settings.TrackerTiers);
        _isBegun = true;
        Open(known);
        // Thousands that were complete before need not be kept ready one by one.
        _wantedAt = _isKnown ? Now - Services.Options.SleepAfter : Now;
    }

    private void Open(Metainfo? known)
    {
        WebSeeds.Add(Settings.WebSeeds);
        if (known is not null)
            UseMetainfo(known);
    }

    /// <summary>The first time that the metainfo is known.</summary>
    private void Introduce(Metainfo metainfo)
    {
        _isIntroduced = true;
        _fileCount = ContentGlance.CountFiles(metainfo);
        IsPrivate = metainfo.IsPrivate;
        Discovery.OnMetainfo(metainfo);
        AddTiers(metainfo.TrackerTiers);
        Tell(new MetadataKnown());
    }

    /// <summary>What is kept from last time: of a link that was opened before, what its peers told us then is still true.</summary>
    private Metainfo? LoadMetainfo() =>
        Folder.LoadMetainfo() is { } bytes
        && Metainfo.TryParse(bytes, MetainfoLimits.Default, out Metainfo? kept, out _)
        && kept.InfoHashes.SwarmIds.Any(InfoHashes.Matches)
            ? kept
            : null;

    private void OnArrived(PeerArrived arrived)
    {
        if (IsHalted || IsClosing)
            Peers.OnUnwanted(arrived, "the torrent was paused", TimeSpan.FromSeconds(1));
        else if (TryWake())
            Peers.OnArrived(arrived);
        else
            Peers.OnUnwanted(arrived, "the content is in use elsewhere", TimeSpan.FromMinutes(5));
    }

    private async Task SleepAsync()
    {
        PublishStatus();
        if (Metainfo is not null || _atSleep is null)
            _atSleep = Status;
        Discovery.OnSleep();
        _peers?.OnSleep();
        await Content.DisposeAsync();
        Downloads.Release();
        WebSeeds.Dispose();
        PutAway();
        if (_move is { } move)
            BeginMove(move);
        else if (!IsHalted && Phase != TorrentPhase.Seeding)
            Reopen();
    }

    private void PutAway()
    {
        (_content, _downloads, _uploads, _metadata, _hashes, _webSeeds, _punches, _scratch) = (null, null, null, null, null, null, null, null);
        (_dirty, _withheld, _random) = (null, null, null);
        // Where even the folder could not be opened, nothing is kept in it.
        Settings = Settings with { Metainfo = _folder is null ? Settings.Metainfo : null, Paused = false };
        CloseFolder();
        (_isBusy, IsClosing) = (false, false);
        // In this order: who finds no metainfo finds that we sleep, and wakes us. A source that somebody waits at stays.
        IsAsleep = true;
        Interlocked.MemoryBarrier();
        Metainfo = null;
        if (_metainfoKnown is { Task.IsCompleted: true })
            _metainfoKnown = null;
        PublishStatus();
        PutAwayWhatIsEmpty();
    }

    /// <summary>Opens the content again; false when that is not possible now, because another process works on it.</summary>
    /// <exception cref="StorageException">It is not possible at all.</exception>
    private bool TryWake()
    {
        if (!IsAsleep)
            return true;
        try
        {
            OpenFolder();
        }
        catch (StorageException e)
        {
            Problem = e.Message;
            Interlocked.Exchange(ref _metainfoKnown, null)?.TrySetException(e);
            PublishStatus();
            return false;
        }
        Problem = null;
        _wantedAt = Now;
        IsAsleep = false;
        _isWaking = true;
        try
        {
            Open(LoadMetainfo() ?? throw new StorageException(StorageFailure.Denied, -1, $"The description of this torrent, kept beside '{Folder.JournalPath}', is gone or damaged. Add the torrent again."));
        }
        finally
        {
            _isWaking = false;
        }
        PublishStatus();
        return true;
    }
}
