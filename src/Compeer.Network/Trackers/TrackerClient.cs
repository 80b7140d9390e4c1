using System.Net;
using System.Net.Sockets;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>
/// Asks trackers over HTTP, HTTPS and UDP. A host with IPv4 and IPv6 addresses is told over both, and the answers are joined.
/// Whatever a tracker does, the outcome is a value; only cancellation throws. Thread-safe.
/// Spec: BEP 3, 7, 15, 23, 24, 41, 48.
/// </summary>
public sealed class TrackerClient : IDisposable
{
    private readonly TrackerClientOptions _options;
    private readonly TrackerAddresses _addresses;
    private readonly HttpTrackerExchange _http;
    private readonly UdpTrackerExchange _udp;
    private readonly SemaphoreSlim _slots;

    public TrackerClient(TrackerClientOptions options)
    {
        _options = options;
        _addresses = new TrackerAddresses(options);
        _http = new HttpTrackerExchange(options, _addresses);
        _udp = new UdpTrackerExchange(options);
        _slots = new SemaphoreSlim(options.MaxConcurrent);
    }

    /// <summary>Makes one announce.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<AnnounceResult> AnnounceAsync(Uri url, AnnounceRequest request, CancellationToken cancellationToken)
    {
        (AnnounceResult? best, TrackerFailure? failure) = await OverFamiliesAsync(
            url,
            (addresses, family, token) => AnnounceOverAsync(url, addresses, family, request, token),
            result => result.IsSuccess,
            Join,
            cancellationToken);
        return best ?? new AnnounceResult(failure!);
    }

    /// <summary>Asks for the counts of 1 to 74 swarms.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<ScrapeResult> ScrapeAsync(Uri url, IReadOnlyList<Sha1Hash> swarms, CancellationToken cancellationToken)
    {
        (ScrapeResult? best, TrackerFailure? failure) = await OverFamiliesAsync(
            url,
            (addresses, family, token) => ScrapeOverAsync(url, addresses, family, swarms, token),
            result => result.IsSuccess,
            (first, second) => first.IsSuccess ? first : second,
            cancellationToken);
        return best ?? new ScrapeResult(failure!);
    }

    public void Dispose() => _slots.Dispose();

    private async Task<(T? Result, TrackerFailure? Failure)> OverFamiliesAsync<T>(
        Uri url,
        Func<IPAddress[], AddressFamily, CancellationToken, Task<T>> ask,
        Func<T, bool> succeeded,
        Func<T, T, T> join,
        CancellationToken cancellationToken)
        where T : class
    {
        if (TrackerUrl.ProblemOf(url) is { Length: > 0 } problem)
            return (null, new TrackerFailure(TrackerFailureKind.UnusableUrl, problem) { IsPermanent = true });
        await _slots.WaitAsync(cancellationToken);
        try
        {
            (IPAddress[] addresses, TrackerFailure? failure) = await FindInTimeAsync(url, cancellationToken);
            if (failure is not null)
                return (null, failure);
            AddressFamily[] families = [.. addresses.Select(a => a.AddressFamily).Distinct()];
            // None: a proxy looks the name up, and chooses.
            if (families.Length <= 1)
                return (await ask(addresses, families.FirstOrDefault(AddressFamily.Unspecified), cancellationToken), null);
            return (await OverBothAsync(family => token => ask(addresses, family, token), succeeded, join, cancellationToken), null);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<(IPAddress[] Addresses, TrackerFailure? Failure)> FindInTimeAsync(Uri url, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.ConnectTimeout);
        try
        {
            return await _addresses.FindAsync(url, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ([], new TrackerFailure(TrackerFailureKind.Timeout, $"The name {url.Host} was not resolved in time."));
        }
    }

    /// <summary>Asks over both families at once; after the first success the other gets a short grace.</summary>
    private async Task<T> OverBothAsync<T>(
        Func<AddressFamily, Func<CancellationToken, Task<T>>> ask, Func<T, bool> succeeded, Func<T, T, T> join, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<T> v4 = ask(AddressFamily.InterNetwork)(ending.Token);
        Task<T> v6 = ask(AddressFamily.InterNetworkV6)(ending.Token);
        Task<T> first = await Task.WhenAny(v4, v6);
        Task<T> second = first == v4 ? v6 : v4;
        if (first.IsCompletedSuccessfully && succeeded(await first))
            ending.CancelAfter(_options.OtherFamilyGrace);
        await Task.WhenAny(Task.WhenAll(v4, v6));
        cancellationToken.ThrowIfCancellationRequested();
        if (second.IsCanceled)
            return await first;
        return join(await first, await second);
    }

    private async Task<AnnounceResult> AnnounceOverAsync(
        Uri url, IPAddress[] addresses, AddressFamily family, AnnounceRequest request, CancellationToken cancellationToken)
    {
        TrackerFailure? failure;
        if (url.Scheme == "udp")
        {
            byte[] urlData = Encoding.ASCII.GetBytes(url.PathAndQuery is "/" ? "" : url.PathAndQuery);
            (UdpTrackerSession session, failure) = await _udp.RunAsync(
                url, addresses.FirstOrDefault(a => a.AddressFamily == family), s => s.Announce(request, urlData, MonotonicClock.Now), cancellationToken);
            return session.TryTakeAnnounce(out AnnounceResult? result) ? result : new AnnounceResult(failure!);
        }
        (byte[] body, failure, IPAddress? tracker) = await _http.GetAsync(HttpAnnounceCodec.BuildUri(url, request), addresses, family, "/announce", cancellationToken);
        return failure is null ? SeenBy(tracker, HttpAnnounceCodec.ReadResponse(body)) : new AnnounceResult(failure);
    }

    private async Task<ScrapeResult> ScrapeOverAsync(
        Uri url, IPAddress[] addresses, AddressFamily family, IReadOnlyList<Sha1Hash> swarms, CancellationToken cancellationToken)
    {
        TrackerFailure? failure;
        if (url.Scheme == "udp")
        {
            (UdpTrackerSession session, failure) = await _udp.RunAsync(
                url, addresses.FirstOrDefault(a => a.AddressFamily == family), s => s.Scrape([.. swarms], MonotonicClock.Now), cancellationToken);
            return session.TryTakeScrape(out ScrapeResult? result) ? result : new ScrapeResult(failure!);
        }
        if (!HttpScrapeCodec.TryBuildUri(url, [.. swarms], out Uri? scrape))
            return new ScrapeResult(new TrackerFailure(TrackerFailureKind.UnusableUrl, "This tracker offers no scrape.") { IsPermanent = true });
        (byte[] body, failure, _) = await _http.GetAsync(scrape, addresses, family, "/scrape", cancellationToken);
        return failure is null ? HttpScrapeCodec.ReadResponse(body, [.. swarms]) : new ScrapeResult(failure);
    }

    /// <summary>Notes who said which address is ours: without a proved sender it would be worth nothing.</summary>
    private static AnnounceResult SeenBy(IPAddress? tracker, AnnounceResult result) =>
        tracker is not null && result.Response is { ExternalAddress: { } own } response ? new AnnounceResult(response with { Sightings = [(tracker, own)] }) : result;

    /// <summary>One outcome of two: peers of both; of two failures the one in the tracker's own words.</summary>
    private static AnnounceResult Join(AnnounceResult first, AnnounceResult second)
    {
        if (first.IsSuccess && second.IsSuccess)
            return new AnnounceResult(first.Response with { Peers = [.. first.Response.Peers.Union(second.Response.Peers)], Sightings = [.. first.Response.Sightings, .. second.Response.Sightings] });
        if (first.IsSuccess || second.IsSuccess)
            return first.IsSuccess ? first : second;
        return second.Failure.Kind == TrackerFailureKind.Refused ? second : first;
    }
}
