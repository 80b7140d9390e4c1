using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Threading.Channels;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// One torrent: a single loop over one channel of inputs that owns all of its state. Sockets, disks, hashers and trackers
/// are workers that post what they did. The channel needs no bound of its own: each source may have only so much under
/// way (two buffers a connection, the backlog of pieces, a few checks, one announce a tracker).
/// </summary>
internal sealed partial class TorrentSession : IAsyncDisposable
{
    private const int MaxInputsPerPass = 256;

    private readonly Channel<TorrentInput> _inputs = Channel.CreateUnbounded<TorrentInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<TorrentEvent> _events =
        Channel.CreateBounded<TorrentEvent>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metainfo> _metainfoKnown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskScope _scope = new();
    private readonly List<PeerLink> _dirty = [];
    private readonly Queue<(PeerLink Link, TransferBuffer Buffer)> _withheld = new();
    private readonly ArrayBufferWriter<byte> _scratch = new(4096);
    private int _tickPosted;
    private Task _loop = Task.CompletedTask;
    private bool _ending;
    private Instant _nextSecond;

    public TorrentSession(TorrentServices services, TorrentSettings settings)
    {
        Services = services;
        Settings = settings;
        Metainfo = settings.Metainfo;
        Random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        Folder = TorrentFolder.Open(services.Options.DataDirectory, settings.InfoHashes.Truncated, settings.Directory);
        Peers = new Peers(this);
        Content = new TorrentContent(this);
        Downloads = new Downloads(this);
        Uploads = new Uploads(this);
        Metadata = new MetadataTransfer(this);
        Hashes = new HashExchange(this);
        Announces = new Announces(this);
        Discovery = new Discovery(this);
        Punches = new Punches(this);
        WebSeeds = new WebSeeds(this);
        Status = new TorrentStatus { Phase = TorrentPhase.FetchingMetadata, Metainfo = Metainfo };
    }

    public TorrentServices Services { get; }

    public TorrentSettings Settings { get; }

    public InfoHashes InfoHashes => Settings.InfoHashes;

    public Random Random { get; }

    public TorrentFolder Folder { get; }

    public Peers Peers { get; }

    public PeerBook Book => Peers.Book;

    public TorrentContent Content { get; }

    public Downloads Downloads { get; }

    public Uploads Uploads { get; }

    public MetadataTransfer Metadata { get; }

    public HashExchange Hashes { get; }

    public Announces Announces { get; }

    public Discovery Discovery { get; }

    public Punches Punches { get; }

    public WebSeeds WebSeeds { get; }

    public Dictionary<int, PeerLink> Links => Peers.Links;

    public RateMeter Down { get; } = new();

    public RateMeter Up { get; } = new();

    public Metainfo? Metainfo { get; private set; }

    public TorrentPhase Phase { get; private set; } = TorrentPhase.FetchingMetadata;

    public string? Problem { get; private set; }

    public Instant Now { get; private set; }

    public TorrentStatus Status { get; private set; }

    public ChannelWriter<TorrentInput> Inputs => _inputs.Writer;

    /// <summary>The torrent is being stopped.</summary>
    public bool IsEnding => _ending;

    public ChannelReader<TorrentEvent> Events => _events.Reader;

    public Task Completed => _completed.Task;

    public Task<Metainfo> MetainfoKnown => _metainfoKnown.Task;

    /// <summary>Called once, when nothing of the torrent runs any more.</summary>
    public Action<TorrentSession>? Ended { get; set; }

    /// <summary>Only its trackers may tell of its peers. Unknown, and so false, until the metainfo is known. Spec: BEP 27.</summary>
    public bool IsPrivate => Metainfo?.IsPrivate == true;

    /// <summary>What we tell peers that we can do.</summary>
    public ReservedBits OurBits =>
        ReservedBits.Extensions | ReservedBits.Fast | (InfoHashes.IsHybrid ? ReservedBits.V2 : ReservedBits.None)
        | (Services.Dht is null || IsPrivate ? ReservedBits.None : ReservedBits.Dht);

    public void Start() => _loop = Task.Run(RunAsync);

    public void Post(TorrentInput input) => _inputs.Writer.TryWrite(input);

    /// <summary>At most one tick waits, however slow the loop is.</summary>
    public void PostTick()
    {
        if (Interlocked.Exchange(ref _tickPosted, 1) == 0)
            _inputs.Writer.TryWrite(Tick.Instance);
    }

    /// <summary>Our answer to a peer that dialled us; a hybrid's peer that knows v2 is moved to it.</summary>
    public Handshake AnswerTo(Handshake theirs) => new(
        OurBits,
        InfoHashes.IsHybrid && theirs.Reserved.HasFlag(ReservedBits.V2) ? InfoHashes.TruncatedV2!.Value : theirs.InfoHash,
        Services.PeerId);

    public async ValueTask DisposeAsync()
    {
        Post(new StopAsked());
        await _loop;
    }

    public void Tell(TorrentEvent happened) => _events.Writer.TryWrite(happened);

    public void MarkDirty(PeerLink link)
    {
        if (link.IsDirty || link.IsClosed)
            return;
        link.IsDirty = true;
        _dirty.Add(link);
    }

    public void MarkAllDirty()
    {
        foreach (PeerLink link in Links.Values)
            MarkDirty(link);
    }

    /// <summary>Runs work that ends by itself or with the torrent.</summary>
    public void RunAside(Func<CancellationToken, Task> work) => _scope.TryRun(work);

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

    /// <summary>The info dictionary is known, from the start or from a peer.</summary>
    public void UseMetainfo(Metainfo metainfo)
    {
        Metainfo = metainfo;
        _metainfoKnown.TrySetResult(metainfo);
        Folder.SaveMetainfo(metainfo.ToTorrentFile());
        Discovery.OnMetainfo(metainfo);
        foreach (PeerLink link in Links.Values.ToArray())
            Peers.BeginPieces(link);
        Announces.AddTiers(metainfo.TrackerTiers);
        WebSeeds.Add(metainfo.WebSeeds);
        Tell(new MetadataKnown());
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
        Announces.OnCompleted();
        WebSeeds.StopAll();
        SetPhase(TorrentPhase.Seeding);
        Tell(new TorrentCompleted());
        foreach (PeerLink link in Links.Values.ToArray())
        {
            link.Wire.SetInterested(false);
            link.Wire.SendUploadOnly(true);
            if (link.Wire.RemotePieces?.IsComplete == true || link.Wire.Remote.IsUploadOnly)
                Peers.Drop(link, "both sides have everything");
            MarkDirty(link);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            Now = MonotonicClock.Now;
            Down.Start(Now);
            Up.Start(Now);
            Discovery.Begin();
            Begin();
            while (!_ending && await _inputs.Reader.WaitToReadAsync())
                RunOnce();
        }
        catch (StorageException e)
        {
            SetPhase(TorrentPhase.Failed, e.Message);
        }
        finally
        {
            await EndAsync();
        }
    }

    private void Begin()
    {
        Announces.AddTiers(Settings.TrackerTiers);
        WebSeeds.Add(Settings.WebSeeds);
        Metainfo? known = Metainfo ?? LoadMetainfo();
        if (known is not null)
            UseMetainfo(known);
        Peers.Dial();
        PublishStatus();
    }

    private Metainfo? LoadMetainfo()
    {
        // A link that was opened before: what its peers told us then is still true.
        return Folder.LoadMetainfo() is { } bytes
            && Metainfo.TryParse(bytes, MetainfoLimits.Default, out Metainfo? kept, out _)
            && kept.InfoHashes.SwarmIds.Any(InfoHashes.Matches)
                ? kept
                : null;
    }

    private void RunOnce()
    {
        Now = MonotonicClock.Now;
        for (int i = 0; i < MaxInputsPerPass && !_ending && _inputs.Reader.TryRead(out TorrentInput? input); i++)
            Apply(input);
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
            case PieceStored stored:
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
                Peers.OnArrived(arrived);
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
                Discovery.Dht.OnEnded(searched.Report);
                break;
            case StopAsked:
                _ending = true;
                break;
        }
    }

    private void OnBytes(PeerLink link, TransferBuffer buffer)
    {
        ReadOnlySpan<byte> data = buffer.Span;
        while (!link.IsClosed && link.Wire.TryReceive(ref data, Now, out PeerEvent happened))
            Handle(link, happened);
        if (link.Wire.Closed is { } reason)
            link.Connection.Close(reason);
        Services.Download.Take(buffer.Length, Now);
        // What is over the limit keeps its buffer, and so the peer's window, until the debt is paid.
        if (Services.Download.Available(Now) < 0)
            _withheld.Enqueue((link, buffer));
        else
            link.Connection.Release(buffer);
        MarkDirty(link);
    }

    private void Handle(PeerLink link, in PeerEvent happened)
    {
        switch (happened.Kind)
        {
            case PeerEventKind.Block:
                Downloads.OnBlock(link, happened);
                break;
            case PeerEventKind.Pieces or PeerEventKind.Have or PeerEventKind.DontHave:
                Downloads.OnPieces(link, happened);
                Uploads.OnPieces(link, happened);
                break;
            case PeerEventKind.Choked:
                Downloads.OnChoked(link);
                break;
            case PeerEventKind.Rejected:
                Downloads.OnRejected(link, new BlockRequest(happened.Index, happened.Begin, happened.Length));
                break;
            case PeerEventKind.InterestChanged:
                Uploads.OnInterest(link);
                break;
            case PeerEventKind.DhtPort:
                if (!IsPrivate)
                    Services.Dht?.AddNode(new IPEndPoint(link.Address, happened.Index));
                break;
            case PeerEventKind.Extensions:
                Peers.OnExtensions(link);
                break;
            case PeerEventKind.MetadataRequest or PeerEventKind.MetadataData or PeerEventKind.MetadataReject:
                Metadata.On(link, happened);
                break;
            case PeerEventKind.HashRequest or PeerEventKind.Hashes or PeerEventKind.HashReject:
                Hashes.On(link, happened);
                break;
            case PeerEventKind.PeerExchange:
                Discovery.Gossip.OnMessage(link, happened.Payload);
                break;
            case PeerEventKind.HolePunch:
                Punches.On(link, happened.HolePunch);
                break;
        }
    }

    private void Flush(PeerLink link)
    {
        Metadata.Flush(link);
        Hashes.Flush(link);
        Downloads.Flush(link);
        Uploads.Flush(link);
        if (link.Wire.Closed is { } reason)
        {
            link.Connection.Close(reason);
            return;
        }
        _scratch.ResetWrittenCount();
        if (!link.Wire.TryTransmit(_scratch, Now))
            return;
        for (ReadOnlySpan<byte> rest = _scratch.WrittenSpan; !rest.IsEmpty;)
        {
            ReadOnlySpan<byte> part = rest[..Math.Min(rest.Length, TransferBufferPool.LargeBytes)];
            TransferBuffer buffer = Services.Buffers.Rent(part.Length);
            part.CopyTo(buffer.Array);
            buffer.Length = part.Length;
            link.Connection.Send(buffer);
            rest = rest[part.Length..];
        }
    }

    private void OnTick()
    {
        Down.Tick(Now);
        Up.Tick(Now);
        while (_withheld.Count > 0 && Services.Download.Available(Now) >= 0)
        {
            (PeerLink link, TransferBuffer buffer) = _withheld.Dequeue();
            link.Connection.Release(buffer);
        }
        bool second = Now >= _nextSecond;
        if (second)
            _nextSecond = Now + TimeSpan.FromSeconds(1);
        foreach (PeerLink link in Links.Values)
        {
            link.Down.Tick(Now);
            link.Up.Tick(Now);
            if (Now >= link.Wire.NextDeadline)
                link.Wire.OnDeadline(Now);
            if (second)
                OnSecond(link);
            MarkDirty(link);
        }
        Peers.Dial();
        Punches.OnTick();
        Announces.OnTick();
        Discovery.OnTick();
        Content.OnTick();
        Downloads.OnTick(second);
        WebSeeds.OnTick(second);
        Uploads.OnTick(second);
        Hashes.OnTick();
        PublishStatus();
    }

    private void OnSecond(PeerLink link)
    {
        link.AdaptQueue();
        long limit = Services.Download.BytesPerSecond;
        if (limit > 0)
            link.Connection.ReadLimitBytes = (int)Math.Clamp(limit / 10, 4 * 1024, TransferBufferPool.LargeBytes);
        Discovery.Gossip.Flush(link);
    }

    private async Task EndAsync()
    {
        _ending = true;
        await Discovery.EndAsync();
        Task goodbye = Announces.StopAsync();
        foreach (PeerLink link in Links.Values)
            link.Connection.Close("the torrent was stopped");
        foreach (PeerLink link in Links.Values)
            await link.Connection.DisposeAsync();
        await Task.WhenAny(goodbye, Task.Delay(TimeSpan.FromMilliseconds(700)));
        await _scope.DisposeAsync();
        WebSeeds.Dispose();
        while (_inputs.Reader.TryRead(out TorrentInput? input))
        {
            if (input is PeerArrived late)
                late.Stream.Dispose();
        }
        await Content.DisposeAsync();
        Folder.Dispose();
        if (Phase != TorrentPhase.Failed)
            SetPhase(TorrentPhase.Stopped);
        PublishStatus();
        _completed.TrySetCanceled();
        _metainfoKnown.TrySetCanceled();
        _events.Writer.TryComplete();
        Ended?.Invoke(this);
    }
}
