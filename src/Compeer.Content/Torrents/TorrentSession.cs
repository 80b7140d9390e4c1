using System.Net;
using System.Threading.Channels;
using Compeer.Content.Storage;
using Compeer.Content.Workers;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// One torrent: a single loop over one queue of inputs that owns all of its state. Sockets, disks, hashers and trackers
/// are workers that post what they did. The queue needs no bound of its own: each source may have only so much under
/// way (two buffers a connection, the backlog of pieces, a few checks, one announce a tracker).
/// </summary>
internal sealed partial class TorrentSession : IAsyncDisposable
{
    private const int MaxInputsPerPass = 256;

    private readonly bool _isKnown;
    private LateCompletion _completed;
    private Channel<TorrentEvent>? _events;
    private TaskCompletionSource<Metainfo>? _metainfoKnown;
    private int _tickPosted;
    private bool _isStarted;
    private bool _hasBegun;
    private bool _ending;
    private volatile bool _hasEnded;

    /// <param name="services">What all torrents share.</param>
    /// <param name="settings">How to run it.</param>
    /// <param name="knownTogether">How many torrents known from earlier start together, this one among them; 0 for one that is new.</param>
    public TorrentSession(TorrentServices services, TorrentSettings settings, int knownTogether)
    {
        Services = services;
        Settings = settings;
        SetRateLimits(settings.UploadLimit, settings.DownloadLimit);
        Inputs = new Inbox<TorrentInput>(static session => ((TorrentSession)session!).PassAsync(), this);
        _isKnown = knownTogether > 0;
        if (_isKnown)
            FirstAnnounce = services.Turns.FirstAnnounce(knownTogether);
        else if (services.Options.KeepEvents)
            _events = NewEvents();
        Status = new TorrentStatus { Phase = TorrentPhase.FetchingMetadata, Metainfo = settings.Metainfo };
    }

    public TorrentServices Services { get; }

    public TorrentSettings Settings { get; private set; }

    public InfoHashes InfoHashes => Settings.InfoHashes;

    /// <summary>Who runs it, as seen from outside; set once.</summary>
    public Torrent? Outside { get; set; }


    public TorrentPhase Phase { get; private set; } = TorrentPhase.FetchingMetadata;

    public string? Problem { get; private set; }

    public Instant Now { get; private set; }

    public TorrentStatus Status { get; private set; }

    public Inbox<TorrentInput> Inputs { get; }

    /// <summary>The torrent is being stopped.</summary>
    public bool IsEnding => _ending;

    /// <summary>What happened; of a torrent known from earlier, or without <see cref="TorrentClientOptions.KeepEvents"/>, from the first time that it is asked for, since thousands have nobody who listens.</summary>
    public ChannelReader<TorrentEvent> Events => (Volatile.Read(ref _events) ?? Interlocked.CompareExchange(ref _events, NewEvents(), null) ?? _events).Reader;

    public Task Completed => _completed.Task;

    public bool HasCompleted => _completed.IsCompleted;

    /// <summary>Called once, when nothing of the torrent runs any more.</summary>
    public Action<TorrentSession>? Ended { get; set; }

    /// <summary>Called on the loop when <see cref="Status"/> is another than before.</summary>
    public Action<TorrentSession>? StatusChanged { get; set; }

    /// <summary>What we tell peers that we can do.</summary>
    public ReservedBits OurBits =>
        ReservedBits.Extensions | ReservedBits.Fast | (InfoHashes.IsHybrid ? ReservedBits.V2 : ReservedBits.None)
        | (Services.Dht is null || IsPrivate ? ReservedBits.None : ReservedBits.Dht);

    /// <summary>Starts the loop; what it does first runs here, on the caller's thread, or elsewhere.</summary>
    public void Start(bool here)
    {
        _isStarted = true;
        if (here)
            Inputs.Start();
        else
            ThreadPool.QueueUserWorkItem(static session => session.Inputs.Start(), this, preferLocal: false);
    }

    public void Post(TorrentInput input) => Inputs.Post(input);

    /// <summary>Asks the loop; its answer, or why it has none.</summary>
    public Task<T> AskAsync<T>(Func<TorrentSession, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new TorrentIntent(Carry, () => answer.TrySetException(new InvalidOperationException("The torrent has ended."))));
        return answer.Task;

        void Carry(TorrentSession session)
        {
            try
            {
                answer.TrySetResult(question(session));
            }
            catch (Exception e) when (e is StorageException or ArgumentException or InvalidOperationException)
            {
                answer.TrySetException(e);
            }
        }
    }

    /// <summary>Has an intent carried out, or refused when the torrent has ended.</summary>
    public void Post(TorrentIntent intent)
    {
        if (!Inputs.Post(intent))
            intent.Refuse?.Invoke();
    }

    /// <summary>At most one tick waits, however slow the loop is.</summary>
    public void PostTick()
    {
        if (Interlocked.Exchange(ref _tickPosted, 1) == 0)
            Post(Tick.Instance);
    }

    /// <summary>Our answer to a peer that dialled us; a hybrid's peer that knows v2 is moved to it.</summary>
    public Handshake AnswerTo(Handshake theirs) => new(
        OurBits,
        InfoHashes.IsHybrid && theirs.Reserved.HasFlag(ReservedBits.V2) ? InfoHashes.TruncatedV2!.Value : theirs.InfoHash,
        Services.PeerId);

    public async ValueTask DisposeAsync()
    {
        if (!_isStarted)
            return;
        Post(new StopAsked());
        await Inputs.Ended;
    }

    public void Tell(TorrentEvent happened) => Volatile.Read(ref _events)?.Writer.TryWrite(happened);

    public void MarkDirty(PeerLink link)
    {
        if (link.IsDirty || link.IsClosed)
            return;
        link.IsDirty = true;
        (_dirty ??= []).Add(link);
    }

    public void MarkAllDirty()
    {
        foreach (PeerLink link in Links.Values)
            MarkDirty(link);
    }

    /// <summary>Runs work that ends by itself or with the torrent.</summary>
    public void RunAside(Func<CancellationToken, Task> work) => (_scope ??= new TaskScope()).TryRun(work);

    public void SetPhase(TorrentPhase phase, string? problem = null)
    {
        Phase = phase;
        if (problem is not null && problem != Problem && phase != TorrentPhase.Failed)
            Tell(new TorrentProblem(problem));
        Problem = problem;
        PublishStatus();
        if (phase == TorrentPhase.Seeding)
            _completed.TrySetResult();
    }

    private static Channel<TorrentEvent> NewEvents() =>
        Channel.CreateBounded<TorrentEvent>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Takes what has come; false when the torrent has ended.</summary>
    private async Task<bool> PassAsync()
    {
        bool goesOn = false;
        try
        {
            goesOn = await TakeAsync();
        }
        finally
        {
            if (!goesOn)
                await EndAsync();
        }
        return goesOn;
    }

    private async Task<bool> TakeAsync()
    {
        Now = MonotonicClock.Now;
        if (!_hasBegun)
        {
            _hasBegun = true;
            Try(Begin);
            if (MaySleep)
                await SleepAsync();
            Try(OnTick);
        }
        try
        {
            for (int i = 0; i < MaxInputsPerPass && !_ending && Inputs.TryTake(out TorrentInput? input); i++)
                Apply(input);
            FlushDirty();
        }
        catch (StorageException e)
        {
            Fail(e.Message);
        }
        if (_ending)
            return false;
        if (MaySleep)
            await SleepAsync();
        ScheduleTick();
        if (IsAsleep)
            PutAwayWhatIsEmpty();
        return true;
    }

    private void FlushDirty()
    {
        if (_dirty is null)
            return;
        foreach (PeerLink link in _dirty)
        {
            link.IsDirty = false;
            if (!link.IsClosed)
                Flush(link);
        }
        _dirty.Clear();
    }

    private void Apply(TorrentInput input)
    {
        if (IsActivity(input))
            _lastActivity = Now;
        switch (input)
        {
            case BytesReceived received:
                OnBytes(received.Link, received.Buffer);
                break;
            case BytesSent sent:
                Uploads.OnSent(sent.Link, sent.PayloadBytes);
                break;
            case Tick:
                Volatile.Write(ref _tickPosted, 0);
                OnTick();
                break;
            case PiecesStored stored:
                Downloads.OnStored(stored);
                break;
            case PieceCorrupt corrupt:
                Downloads.OnCorrupt(corrupt);
                break;
            case PieceUnwritten unwritten:
                Downloads.OnUnwritten(unwritten);
                break;
            case PieceChecked check:
                Content.OnChecked(check);
                break;
            case UploadFailed failed:
                Uploads.OnFailed(failed);
                break;
            case LeavesRead leaves:
                Hashes.OnLeaves(leaves);
                break;
            case PeerArrived arrived:
                OnArrived(arrived);
                break;
            case TorrentIntent intent:
                intent.Carry(this);
                break;
            case WakeAsked when IsHalted:
                LendMetainfo();
                break;
            case WakeAsked:
                // It may have woken since it was asked.
                if (TryWake() && Metainfo is { } metainfo)
                    TellMetainfo(metainfo);
                break;
            case DialFailed or DialSlow:
                Peers.OnDial(input);
                break;
            case LinkClosed closed:
                Peers.OnClosed(closed.Link, closed.Reason);
                break;
            case PeersFound found:
                foreach (IPEndPoint peer in found.EndPoints)
                    Book.Add(peer, found.Source, Now, found.Teller);
                break;
            case WebSeedBytes bytes:
                WebSeeds.OnBytes(bytes);
                break;
            case WebSeedEnded ended:
                WebSeeds.OnEnded(ended);
                break;
            case TrackerAnswered answered:
                Announces.OnAnswer(answered);
                break;
            case DhtSearched searched:
                Discovery.Dht!.OnEnded(searched.Report);
                break;
            case StopAsked:
                _ending = true;
                break;
        }
    }

    private async Task EndAsync()
    {
        _ending = true;
        StopTimer();
        _readers?.EndAll("the torrent was stopped");
        Discovery.End();
        Task goodbye = _announces?.StopAsync() ?? Task.CompletedTask;
        foreach (PeerLink link in Links.Values)
            link.Connection.Close("the torrent was stopped");
        foreach (PeerLink link in Links.Values)
            await link.Connection.DisposeAsync();
        await Task.WhenAny(goodbye, Task.Delay(TimeSpan.FromMilliseconds(700)));
        if (_scope is not null)
            await _scope.DisposeAsync();
        _move?.Moved.TrySetCanceled();
        _webSeeds?.Dispose();
        Inputs.Complete();
        while (Inputs.TryTake(out TorrentInput? input))
        {
            if (input is PeerArrived late)
                late.Stream.Dispose();
            else if (input is TorrentIntent intent)
                intent.Refuse?.Invoke();
        }
        if (_content is not null)
            await _content.DisposeAsync();
        CloseFolder();
        if (Phase != TorrentPhase.Failed)
            SetPhase(TorrentPhase.Stopped);
        PublishStatus();
        _completed.TrySetCanceled();
        _hasEnded = true;
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _metainfoKnown)?.TrySetCanceled();
        _events?.Writer.TryComplete();
        Ended?.Invoke(this);
    }
}
