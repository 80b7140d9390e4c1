using System.Collections.Immutable;
using System.Security.Cryptography;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.Trackers;

namespace Compeer.Content.Torrents;

/// <summary>The trackers of a torrent: makes the announces that are due, and learns peers from the answers.</summary>
internal sealed class Announces
{
    // DEVIATION: BEP 3 has no way to say that nobody listens, and trackers refuse port 0.
    private const int NobodyListens = 1;

    /// <summary>A router that changes its mind again is not passed on to the trackers sooner.</summary>
    private static readonly TimeSpan PortPause = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Goodbye = TimeSpan.FromMilliseconds(600);

    private static readonly string?[] s_peers = new string?[201];

    private readonly TorrentSession _session;
    private readonly uint _key = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
    private ImmutableArray<ImmutableArray<string>> _tiers = [];
    private TrackerAnnouncer? _announcer;
    private TrackerAnnouncer? _leaving;
    private int _announcedPort;
    private Instant _portKeptUntil;

    public Announces(TorrentSession session) => _session = session;

    /// <summary>What the trackers last said, in words; null when there is none.</summary>
    public string? Message { get; private set; }

    /// <summary>More trackers: of the torrent file, or of the link.</summary>
    public void AddTiers(ImmutableArray<ImmutableArray<string>> tiers)
    {
        tiers = [.. tiers.Select(_session.Services.TrackerUrls.Share)];
        _tiers = _tiers.AddRange(tiers);
        foreach (ImmutableArray<string> tier in tiers)
        {
            foreach (string url in tier)
                _announcer?.TryAddTracker(url, _session.Now);
        }
    }

    /// <summary>Trackers that another link of the torrent names; those that are new, while there are not too many.</summary>
    public void AddNew(IEnumerable<string> trackers)
    {
        ImmutableArray<string>[] added = [.. trackers.Where(url => !_tiers.Any(tier => tier.Contains(url))).Take(MagnetLink.MaxEntries - _tiers.Length).Select(url => ImmutableArray.Create(url))];
        AddTiers([.. added]);
    }

    /// <summary>When the trackers of a sleeping torrent are to be told next; never when there are none.</summary>
    public Instant NextDeadline =>
        _announcer is not null ? _announcer.NextDeadline ?? Instant.Never
        : _tiers.Length > 0 ? _session.FirstAnnounce
        : Instant.Never;

    public void OnTick()
    {
        // Until the first check is over we do not know whether we come as a seed.
        if (_session.IsHalted || _session.Phase == TorrentPhase.Checking || (_announcer is null && (_tiers.Length == 0 || _session.IsHeldBack || _leaving is { IsFinished: false })))
            return;
        if (_announcer is null)
        {
            _announcedPort = _session.Services.OutsidePort;
            _announcer = new TrackerAnnouncer(
                _session.IsPrivate ? _session.Services.PrivateAnnounces : _session.Services.OpenAnnounces, _tiers.Select(t => t.AsEnumerable()), _session.InfoHashes.SwarmIds, _session.Phase == TorrentPhase.Seeding, SecureRandom.Instance);
        }
        // The router's answer may come after the first announce. Trackers know us by address and port, so the old one leaves.
        if (_announcedPort != 0 && _announcedPort != _session.Services.OutsidePort && _session.Now >= _portKeptUntil)
        {
            _portKeptUntil = _session.Now + PortPause;
            Leave();
            return;
        }
        Launch(_announcer);
    }

    /// <summary>Tells every tracker that lists us that we leave, and begins anew when the torrent goes on.</summary>
    public void Leave()
    {
        if (_announcer is null)
            return;
        (_leaving, _announcer) = (_announcer, null);
        _leaving.OnStopping(_session.Now);
        Launch(_leaving);
    }

    /// <summary>A person wants an announce now; the trackers' shortest pauses are kept.</summary>
    public void Hasten() => _announcer?.OnAsked(_session.Now);

    public void OnCompleted() => _announcer?.OnCompleted(_session.Now);

    public void OnAnswer(TrackerAnswered answered)
    {
        answered.Announcer.OnResult(answered.Job, answered.Result, _session.Now);
        Launch(answered.Announcer);
        if (answered.Announcer != _announcer)
            return;
        Message = answered.Result.IsSuccess
            ? answered.Result.Response.Warning ?? InWords(answered.Result.Response.Peers.Length)
            : $"{TrackerUrl.ForDisplay(answered.Job.Url)}: {answered.Result.Failure.Message}";
        if (answered.Result.Response is { } response)
        {
            foreach ((System.Net.IPAddress tracker, System.Net.IPAddress ours) in response.Sightings)
                _session.Services.PublicAddresses?.Vote(tracker, ours, null, AddressWitness.Tracker);
            foreach (System.Net.IPEndPoint peer in response.Peers)
                _session.Book.Add(peer, PeerSource.Tracker, _session.Now);
        }
    }

    /// <summary>Each tracker, for a person to see; the two swarms of a hybrid as one.</summary>
    public IEnumerable<TrackerDetails> Describe()
    {
        if (_announcer is null)
            return _tiers.SelectMany((tier, number) => tier.Select(url => new TrackerDetails(
                TrackerUrl.TryParse(url, out Uri? known, out _) ? TrackerUrl.ForDisplay(known) : url, number, _session.IsHalted ? "not asked" : "waiting", null, null, null, null)));
        return _announcer.Describe().GroupBy(t => (t.Url, t.Tier)).Select(swarms => new TrackerDetails(
            swarms.Key.Url, swarms.Key.Tier, InWords(swarms.Min(t => t.Phase == TrackerPhase.Waiting ? TrackerPhase.GivenUp + 1 : t.Phase)),
            swarms.Max(t => t.Seeders), swarms.Max(t => t.Leechers), Until(swarms.Min(t => t.NextAnnounce)),
            swarms.Select(t => t.Message).FirstOrDefault(m => m.Length > 0)));
    }

    private TimeSpan? Until(Instant next) => next == Instant.Never ? null : next > _session.Now ? next - _session.Now : TimeSpan.Zero;

    /// <summary>The same text for all torrents that hear so.</summary>
    private static string InWords(int peers) => peers < s_peers.Length ? s_peers[peers] ??= $"{peers} peers" : $"{peers} peers";

    private static string InWords(TrackerPhase phase) => phase switch
    {
        TrackerPhase.Announcing => "being asked",
        TrackerPhase.Working => "working",
        TrackerPhase.Failing => "failing, and tried again",
        TrackerPhase.GivenUp => "given up",
        _ => "waiting",
    };

    /// <summary>Tells every tracker that lists us that we leave; does not wait long.</summary>
    public async Task StopAsync()
    {
        if (_announcer is null)
            return;
        _announcer.OnStopping(_session.Now);
        using var deadline = new CancellationTokenSource(Goodbye);
        var farewells = new List<Task>();
        while (_announcer.TryNextAnnounce(_session.Now, out AnnounceJob? job))
            farewells.Add(_session.Services.Trackers.AnnounceAsync(job.Url, Describe(job), deadline.Token));
        try
        {
            await Task.WhenAll(farewells);
        }
        catch (OperationCanceledException)
        {
            // They will notice by themselves, when we do not announce again.
        }
    }

    private void Launch(TrackerAnnouncer announcer)
    {
        while (announcer.TryNextAnnounce(_session.Now, out AnnounceJob? job))
        {
            AnnounceJob next = job;
            AnnounceRequest request = Describe(job);
            _session.RunAside(async token =>
            {
                AnnounceResult result = await _session.Services.Trackers.AnnounceAsync(next.Url, request, token);
                _session.Post(new TrackerAnswered(announcer, next, result));
            });
        }
    }

    private AnnounceRequest Describe(AnnounceJob job) => new()
    {
        InfoHash = job.SwarmId,
        PeerId = _session.Services.PeerId,
        Port = _announcedPort > 0 ? _announcedPort : NobodyListens,
        Uploaded = _session.UpTotal,
        Downloaded = _session.DownTotal,
        Left = _session.LeftBytes,
        Event = job.Event,
        Key = _key,
        NumWant = job.NumWant,
        TrackerId = job.TrackerId,
    };
}
