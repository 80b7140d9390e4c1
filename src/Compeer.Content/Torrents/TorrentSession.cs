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
internal sealed class TorrentSession : IAsyncDisposable
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
    private int _nextSlot;
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
        Book = new PeerBook(services.Options.PeerBook, endpoint => PeerPriority.Compute(new IPEndPoint(services.Options.Bind ?? IPAddress.Loopback, services.ListenPort), endpoint));
        Content = new TorrentContent(this);
        Downloads = new Downloads(this);
        Uploads = new Uploads(this);
        Metadata = new MetadataTransfer(this);
        Hashes = new HashExchange(this);
        Announces = new Announces(this);
        Status = new TorrentStatus { Phase = TorrentPhase.FetchingMetadata, Metainfo = Metainfo };
    }

    public TorrentServices Services { get; }

    public TorrentSettings Settings { get; }

    public InfoHashes InfoHashes => Settings.InfoHashes;

    public Random Random { get; }

    public TorrentFolder Folder { get; }

    public PeerBook Book { get; }

    public TorrentContent Content { get; }

    public Downloads Downloads { get; }

    public Uploads Uploads { get; }

    public MetadataTransfer Metadata { get; }

    public HashExchange Hashes { get; }

    public Announces Announces { get; }

    public Dictionary<int, PeerLink> Links { get; } = [];

    public RateMeter Down { get; } = new();

    public RateMeter Up { get; } = new();

    public Metainfo? Metainfo { get; private set; }

    public TorrentPhase Phase { get; private set; } = TorrentPhase.FetchingMetadata;

    public string? Problem { get; private set; }

    public Instant Now { get; private set; }

    public TorrentStatus Status { get; private set; }

    public ChannelReader<TorrentEvent> Events => _events.Reader;

    public Task Completed => _completed.Task;

    public Task<Metainfo> MetainfoKnown => _metainfoKnown.Task;

    /// <summary>Called once, when nothing of the torrent runs any more.</summary>
    public Action<TorrentSession>? Ended { get; set; }

    private ReservedBits OurBits =>
        ReservedBits.Extensions | ReservedBits.Fast | (InfoHashes.IsHybrid ? ReservedBits.V2 : ReservedBits.None);

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
        if (problem is not null && problem != Problem)
            Tell(new TorrentProblem(problem));
        Problem = problem;
        if (phase == TorrentPhase.Seeding)
            _completed.TrySetResult();
    }

    /// <summary>The info dictionary is known, from the start or from a peer.</summary>
    public void UseMetainfo(Metainfo metainfo)
    {
        Metainfo = metainfo;
        _metainfoKnown.TrySetResult(metainfo);
        Folder.SaveMetainfo(metainfo.ToTorrentFile());
        foreach (PeerLink link in Links.Values.ToArray())
            BeginPieces(link);
        Announces.AddTiers(metainfo.TrackerTiers);
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
        SetPhase(TorrentPhase.Seeding);
        Tell(new TorrentCompleted());
        foreach (PeerLink link in Links.Values.ToArray())
        {
            link.Wire.SetInterested(false);
            link.Wire.SendUploadOnly(true);
            if (link.Wire.RemotePieces?.IsComplete == true || link.Wire.Remote.IsUploadOnly)
                Drop(link, "both sides have everything");
            MarkDirty(link);
        }
    }

    public static void Drop(PeerLink link, string reason)
    {
        link.Wire.Close(reason);
        link.Connection.Close(reason);
    }

    /// <summary>Convicts a peer: its address is refused, and it is named.</summary>
    public void Ban(PeerLink? link, IPAddress address, string reason)
    {
        Book.Ban(address, Now);
        IPEndPoint endpoint = link?.EndPoint ?? new IPEndPoint(address, 0);
        Tell(new PeerBanned(endpoint, link?.ClientName ?? "unknown", reason));
        foreach (PeerLink other in Links.Values.Where(l => l.Address.Equals(address)).ToArray())
            Drop(other, reason);
    }

    private async Task RunAsync()
    {
        try
        {
            Now = MonotonicClock.Now;
            Down.Start(Now);
            Up.Start(Now);
            foreach (IPEndPoint peer in Settings.Peers)
                Book.Add(peer, PeerSource.User, Now);
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
        Metainfo? known = Metainfo ?? LoadMetainfo();
        if (known is not null)
            UseMetainfo(known);
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
                OnArrived(arrived);
                break;
            case DialFailed failed:
                Book.OnFailed(failed.EndPoint, Now);
                break;
            case LinkClosed closed:
                OnClosed(closed.Link, closed.Reason);
                break;
            case PeersFound found:
                foreach (IPEndPoint peer in found.EndPoints)
                    Book.Add(peer, found.Source, Now);
                break;
            case TrackerAnswered answered:
                Announces.OnAnswer(answered);
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
            case PeerEventKind.Extensions:
                OnExtensions(link);
                break;
            case PeerEventKind.MetadataRequest or PeerEventKind.MetadataData or PeerEventKind.MetadataReject:
                Metadata.On(link, happened);
                break;
            case PeerEventKind.HashRequest or PeerEventKind.Hashes or PeerEventKind.HashReject:
                Hashes.On(link, happened);
                break;
        }
    }

    private void OnExtensions(PeerLink link)
    {
        if (link.IsIncoming && link.ListenEndPoint is null && link.Wire.Remote.ListenPort is { } port)
        {
            link.ListenEndPoint = new IPEndPoint(link.Address, port);
            Book.Add(link.ListenEndPoint, PeerSource.Incoming, Now);
            Book.OnConnected(link.ListenEndPoint);
        }
        Metadata.Consider(link);
        if (Phase == TorrentPhase.Seeding && link.Wire.Remote.IsUploadOnly)
            Drop(link, "both sides only give");
    }

    private void OnArrived(PeerArrived arrived)
    {
        var connection = new PeerConnection(arrived.Socket, Services.Buffers);
        IPAddress address = connection.Remote.Address.IsIPv4MappedToIPv6 ? connection.Remote.Address.MapToIPv4() : connection.Remote.Address;
        string? refusal =
            !InfoHashes.Matches(arrived.Remote.InfoHash) ? "it serves another torrent"
            : arrived.Remote.PeerId == Services.PeerId ? "it is this program itself"
            : Book.IsBanned(address, Now) ? "it is banned"
            : Links.Count >= Services.Options.MaxConnections ? "there are enough connections"
            : Links.Values.Any(l => l.Wire.Theirs.PeerId == arrived.Remote.PeerId) ? "it is connected already"
            : Phase == TorrentPhase.Checking ? "the files are still being checked"
            : _ending ? "the torrent ends" : null;
        if (refusal is not null)
        {
            arrived.Socket.Dispose();
            if (arrived.Dialled is { } dialled)
                Book.OnFailed(dialled, Now);
            return;
        }
        var wire = new PeerWireSession(Services.Options.PeerWire, new Handshake(OurBits, arrived.Remote.InfoHash, Services.PeerId), arrived.Remote, Now);
        var link = new PeerLink(_nextSlot++, connection, wire, arrived.Dialled, Now, _inputs.Writer);
        link.Down.Start(Now);
        link.Up.Start(Now);
        Links[link.Slot] = link;
        if (arrived.Dialled is not null)
            Book.OnConnected(arrived.Dialled);
        BeginPieces(link);
        wire.SendExtensions(Services.ListenPort, Metainfo?.InfoBytes.Length ?? 0, Phase == TorrentPhase.Seeding, address);
        connection.Start(link);
        Tell(new PeerConnected(link.EndPoint, link.ClientName, link.IsIncoming));
        MarkDirty(link);
    }

    /// <summary>The first thing a peer hears is what we have; before the pieces are known, that is nothing.</summary>
    private void BeginPieces(PeerLink link)
    {
        if (Metainfo is { } metainfo)
        {
            link.Wire.SetPieces(metainfo.PieceCount, metainfo.PieceLengthAt);
            if (!link.HasSentPieces && Content.IsOpen)
                Uploads.SendPieces(link);
            else if (!link.HasSentPieces)
                link.Wire.SendHaveNone();
            if (link.Wire.RemotePieces is { Count: > 0 } pieces)
                Downloads.OnPieces(link, new PeerEvent { Kind = PeerEventKind.Pieces });
        }
        else
        {
            link.Wire.SendHaveNone();
        }
        link.HasSentPieces = true;
    }

    private void OnClosed(PeerLink link, string reason)
    {
        if (link.IsClosed)
            return;
        link.IsClosed = true;
        Links.Remove(link.Slot);
        reason = link.Wire.Closed ?? reason;
        Downloads.OnGone(link);
        Uploads.OnGone(link);
        Metadata.OnGone(link);
        Hashes.OnGone(link);
        if (link.ListenEndPoint is { } endpoint)
            Book.OnClosed(endpoint, link.Down.Total > 0 || Now - link.ConnectedAt > TimeSpan.FromSeconds(30), Now);
        Tell(new PeerClosed(link.EndPoint, link.ClientName, reason));
        RunAside(_ => link.Connection.DisposeAsync().AsTask());
        MarkAllDirty();
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
        Dial();
        Announces.OnTick();
        Content.OnTick();
        Downloads.OnTick(second);
        Uploads.OnTick(second);
        PublishStatus();
    }

    private void OnSecond(PeerLink link)
    {
        link.AdaptQueue();
        long limit = Services.Download.BytesPerSecond;
        if (limit > 0)
            link.Connection.ReadLimitBytes = (int)Math.Clamp(limit / 10, 4 * 1024, TransferBufferPool.LargeBytes);
    }

    private void Dial()
    {
        if (Phase is TorrentPhase.Failed or TorrentPhase.Checking || (Phase == TorrentPhase.Seeding && Settings.Peers.IsEmpty))
            return;
        for (int i = 0; i < 4 && Links.Count < Services.Options.MaxConnections && Book.TryNext(Now, out IPEndPoint endpoint); i++)
        {
            var ours = new Handshake(OurBits, InfoHashes.Truncated, Services.PeerId);
            IPEndPoint target = endpoint;
            RunAside(async token =>
            {
                DialResult result = await Services.Dialer.DialAsync(target, ours, token);
                if (result.Socket is { } socket)
                    Post(new PeerArrived(socket, result.Remote, target));
                else
                    Post(new DialFailed(target, result.Failure!));
            });
        }
    }

    private void PublishStatus() => Status = new TorrentStatus
    {
        Phase = Phase,
        Metainfo = Metainfo,
        WantedBytes = Content.WantedBytes,
        VerifiedBytes = Content.VerifiedBytes,
        VerifiedPieces = Content.VerifiedPieces,
        RehashedBytes = Content.RehashedBytes,
        CorruptBytes = Downloads.CorruptBytes,
        DownloadedBytes = Down.Total,
        UploadedBytes = Up.Total,
        DownRate = Down.BytesPerSecond,
        UpRate = Up.BytesPerSecond,
        Peers = Links.Count,
        Seeds = Links.Values.Count(l => l.Wire.RemotePieces?.IsComplete == true),
        KnownPeers = Book.Count,
        TrackerMessage = Announces.Message,
        Problem = Problem,
    };

    private async Task EndAsync()
    {
        _ending = true;
        Task goodbye = Announces.StopAsync();
        foreach (PeerLink link in Links.Values)
            link.Connection.Close("the torrent was stopped");
        foreach (PeerLink link in Links.Values)
            await link.Connection.DisposeAsync();
        await Task.WhenAny(goodbye, Task.Delay(TimeSpan.FromSeconds(1)));
        await _scope.DisposeAsync();
        while (_inputs.Reader.TryRead(out TorrentInput? input))
        {
            if (input is PeerArrived late)
                late.Socket.Dispose();
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
