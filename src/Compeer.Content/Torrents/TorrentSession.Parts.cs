using System.Collections.Immutable;
using System.Security.Cryptography;
using Compeer.Content.Workers;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

// What a torrent of which nothing is wanted does without: each part is made when it is needed first, and given back when it is empty.
internal sealed partial class TorrentSession
{
    private static readonly Dictionary<int, PeerLink> s_noLinks = [];

    private volatile TorrentRateLimit? _upLimit;
    private volatile TorrentRateLimit? _downLimit;
    private Announces? _announces;
    private Discovery? _discovery;
    private Peers? _peers;
    private FileReaders? _readers;
    private RateMeter? _down;
    private RateMeter? _up;
    private Random? _random;
    private SharedTimer? _timer;
    private TaskScope? _scope;
    private List<PeerLink>? _dirty;
    private Queue<(PeerLink Link, TransferBuffer Buffer)>? _withheld;

    public TorrentRateLimit UpLimit => _upLimit ?? Services.UploadUnlimited;

    public TorrentRateLimit DownLimit => _downLimit ?? Services.DownloadUnlimited;

    public Announces Announces => _announces ??= new Announces(this);

    public Discovery Discovery => _discovery ??= new Discovery(this);

    /// <summary>The local network hears of it.</summary>
    public bool IsOnLan { get; set; }

    public Peers Peers => _peers ??= new Peers(this);

    /// <summary>The addresses known.</summary>
    public PeerBook Book => Peers.Book;

    /// <summary>How many addresses are known.</summary>
    public int KnownPeers => _peers?.KnownPeers ?? 0;

    /// <summary>The connections by slot; only <see cref="Torrents.Peers"/> changes them.</summary>
    public Dictionary<int, PeerLink> Links => _peers?.Links ?? s_noLinks;

    public FileReaders Readers => _readers ??= new FileReaders(this);

    public RateMeter Down => _down ??= NewMeter();

    public RateMeter Up => _up ??= NewMeter();

    /// <summary>Payload received.</summary>
    public long DownTotal => _down?.Total ?? 0;

    /// <summary>Payload sent.</summary>
    public long UpTotal => _up?.Total ?? 0;

    /// <summary>Chance, for what is put away when the torrent falls asleep.</summary>
    public Random Random => _random ??= new Random(RandomNumberGenerator.GetInt32(int.MaxValue));

    /// <summary>Completes when the metainfo is known; asking wakes the torrent.</summary>
    public Task<Metainfo> MetainfoKnown
    {
        get
        {
            if (Volatile.Read(ref _metainfoKnown) is not { } known)
            {
                var fresh = new TaskCompletionSource<Metainfo>(TaskCreationOptions.RunContinuationsAsynchronously);
                known = Interlocked.CompareExchange(ref _metainfoKnown, fresh, null) ?? fresh;
            }
            // The loop looks for the source after it has set the metainfo, and we for the metainfo after we have set the source.
            if (known.Task.IsCompleted)
                return known.Task;
            if (Metainfo is { } metainfo)
            {
                known.TrySetResult(metainfo);
                return known.Task;
            }
            Interlocked.MemoryBarrier();
            if (IsAsleep)
                Post(new WakeAsked());
            if (_hasEnded)
                known.TrySetCanceled();
            return known.Task;
        }
    }

    /// <summary>Limits this torrent from now on, in bytes per second; 0 means none. Thread-safe.</summary>
    public void SetRateLimits(long up, long down)
    {
        _upLimit = up > 0 ? new TorrentRateLimit(Services.Upload, up) : null;
        _downLimit = down > 0 ? new TorrentRateLimit(Services.Download, down) : null;
    }

    private void AddTiers(ImmutableArray<ImmutableArray<string>> tiers)
    {
        if (tiers.Length > 0)
            Announces.AddTiers(tiers);
    }

    /// <summary>A piece is there: whoever reads a file may go on.</summary>
    public void OnVerified(int piece) => _readers?.OnVerified(piece);

    private RateMeter NewMeter()
    {
        var meter = new RateMeter();
        meter.Start(Now);
        return meter;
    }

    private void ScheduleTick()
    {
        Instant next = NextTick;
        if (next == _nextTick)
            return;
        _nextTick = next;
        if (next == Instant.Never)
            StopTimer();
        else
            Services.Timers.Schedule(_timer ??= new SharedTimer(static session => ((TorrentSession)session!).PostTick(), this), next);
    }

    private void StopTimer()
    {
        if (_timer is { } timer)
            Services.Timers.Schedule(timer, Instant.Never);
        _timer = null;
    }

    /// <summary>At the end of each pass of a sleeping torrent: what the pass has made, and nothing is in any more, goes again.</summary>
    private void PutAwayWhatIsEmpty()
    {
        if (_peers is { IsEmpty: true })
            _peers = null;
        if (_discovery is { IsEmpty: true })
            _discovery = null;
        if (_scope is { IsIdle: true })
            _scope = null;
        if (_down is { Total: 0 })
            _down = null;
        if (_up is { Total: 0 })
            _up = null;
        if (_readers is { IsEmpty: true })
            _readers = null;
        Inputs.Trim();
    }
}
