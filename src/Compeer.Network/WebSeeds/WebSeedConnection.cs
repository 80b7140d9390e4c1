using System.Net.Sockets;
using System.Security.Authentication;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.Trackers;
using Compeer.Protocols.WebSeeds;

namespace Compeer.Network.WebSeeds;

/// <summary>
/// The way to one web seed: makes one request at a time, follows few redirects and none that leads inwards, and hands the
/// wanted bytes on. At most two buffers wait for the owner, so a busy or throttled owner slows the server by TCP's own flow control.
/// </summary>
/// <remarks>Spec: BEP 19; RFC 9110 section 14 (ranges).</remarks>
public sealed class WebSeedConnection : IDisposable
{
    private const int MaxOrigins = 4;

    private readonly WebSeedClientOptions _options;
    private readonly TransferBufferPool _pool;
    private readonly WebSeedAddresses _addresses;
    private readonly List<(string Key, WebSeedOrigin Origin)> _origins = [];

    // Never disposed: the owner may hand buffers back after the end, and without a wait handle it holds nothing.
    private readonly SemaphoreSlim _credit = new(PeerConnection.ReceivesInFlight);
    private int _readLimitBytes = TransferBufferPool.LargeBytes;

    public WebSeedConnection(WebSeedClientOptions options, TransferBufferPool pool)
    {
        (_options, _pool) = (options, pool);
        _addresses = new WebSeedAddresses(options);
    }

    /// <summary>Largest single read in bytes; small when the download rate is limited, so that the limit is smooth.</summary>
    public int ReadLimitBytes
    {
        get => Volatile.Read(ref _readLimitBytes);
        set => Volatile.Write(ref _readLimitBytes, Math.Clamp(value, 1024, TransferBufferPool.LargeBytes));
    }

    /// <summary>Fetches a part of a file. Whatever the server does, the outcome is a value: null when all bytes that it promised came.</summary>
    /// <param name="number">The request's number, told with its bytes.</param>
    /// <param name="request">What to fetch.</param>
    /// <param name="owner">Gets the bytes.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<WebSeedFailure?> FetchAsync(int number, WebSeedRequest request, IWebSeedOwner owner, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.HeadTimeout);
        try
        {
            return await FollowAsync(number, request, owner, limit);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WebSeedFailure(WebSeedFailureKind.TooSlow, "it did not answer in time");
        }
        catch (HttpRequestException e)
        {
            return Describe(e);
        }
        catch (IOException)
        {
            return new WebSeedFailure(WebSeedFailureKind.BrokenOff, "it broke off in the middle of a file");
        }
    }

    /// <summary>Hands a received buffer back, which lets the next read begin.</summary>
    public void Release(TransferBuffer buffer)
    {
        buffer.Return();
        _credit.Release();
    }

    /// <summary>Closes what is kept; no request may be under way.</summary>
    public void Dispose()
    {
        foreach ((_, WebSeedOrigin origin) in _origins)
            origin.Dispose();
        _origins.Clear();
    }

    private async Task<WebSeedFailure?> FollowAsync(int number, WebSeedRequest request, IWebSeedOwner owner, CancellationTokenSource limit)
    {
        AddressReach least = AddressReach.Private;
        Uri url = request.Url;
        string credentials = url.UserInfo;
        for (int hop = 0; hop <= _options.MaxRedirects; hop++)
        {
            if (_addresses.Check(url, least) is { } forbidden)
                return forbidden;
            WebSeedOrigin origin = OriginOf(url);
            using HttpResponseMessage response = await origin.SendAsync(url, credentials, request, limit.Token);
            if (!RedirectRule.IsRedirect(response, out Uri? location))
                return await TakeAsync(number, request, response, owner, limit);
            if (!Uri.TryCreate(url, location, out Uri? target) || RedirectRule.IsDowngrade(url, target))
                return new WebSeedFailure(WebSeedFailureKind.Forbidden, "it redirects to something that is no address, or from https to http");
            if (!RedirectRule.IsSameOrigin(url, target))
                credentials = "";
            least = origin.Reach;
            url = target;
        }
        return new WebSeedFailure(WebSeedFailureKind.Forbidden, $"it redirects more than {_options.MaxRedirects} times");
    }

    private async Task<WebSeedFailure?> TakeAsync(
        int number, WebSeedRequest request, HttpResponseMessage response, IWebSeedOwner owner, CancellationTokenSource limit)
    {
        if (WebSeedReply.Judge(request, HeadOf(response), out long skip, out long length) is { } failure)
            return failure;
        // From here on the session watches the speed.
        limit.CancelAfter(Timeout.InfiniteTimeSpan);
        await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
        while (length > 0)
        {
            await _credit.WaitAsync(limit.Token);
            TransferBuffer buffer = _pool.Rent(TransferBufferPool.LargeBytes);
            try
            {
                int room = (int)Math.Min(ReadLimitBytes, skip > 0 ? skip : length);
                buffer.Length = await body.ReadAsync(buffer.Array.AsMemory(0, room), limit.Token);
            }
            catch
            {
                Release(buffer);
                throw;
            }
            int received = buffer.Length;
            if (received == 0 || skip > 0)
                Release(buffer);
            else
                owner.OnReceived(number, buffer);
            if (received == 0)
                return new WebSeedFailure(WebSeedFailureKind.BrokenOff, "it broke off in the middle of a file");
            if (skip > 0)
                skip -= received;
            else
                length -= received;
        }
        return null;
    }

    private WebSeedOrigin OriginOf(Uri url)
    {
        string key = url.GetLeftPart(UriPartial.Authority);
        foreach ((string known, WebSeedOrigin kept) in _origins)
        {
            if (known == key)
                return kept;
        }
        if (_origins.Count == MaxOrigins)
        {
            _origins[0].Origin.Dispose();
            _origins.RemoveAt(0);
        }
        var origin = new WebSeedOrigin(_options, _addresses);
        _origins.Add((key, origin));
        return origin;
    }

    private static WebSeedHead HeadOf(HttpResponseMessage response)
    {
        var range = response.Content.Headers.ContentRange;
        bool inBytes = string.Equals(range?.Unit, "bytes", StringComparison.OrdinalIgnoreCase);
        return new WebSeedHead
        {
            Status = (int)response.StatusCode,
            ContentLength = response.Content.Headers.ContentLength,
            RangeFrom = inBytes ? range!.From : null,
            RangeTo = inBytes ? range!.To : null,
            RangeTotal = inBytes ? range!.Length : null,
            IsEncoded = response.Content.Headers.ContentEncoding.Any(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase)),
            RetryAfter = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - DateTimeOffset.UtcNow : null,
        };
    }

    private static WebSeedFailure Describe(HttpRequestException e) => e.InnerException switch
    {
        WebSeedRefusedException refused => refused.Failure,
        ProxyException proxy => new(WebSeedFailureKind.Unreachable, $"there is no way to it: {proxy.Message}"),
        SocketException socket => new(WebSeedFailureKind.Unreachable, $"it cannot be reached: {SocketErrors.Describe(socket.SocketErrorCode)}"),
        AuthenticationException => new(WebSeedFailureKind.Unreachable, "its certificate is not valid for its name"),
        _ => e.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => new(WebSeedFailureKind.Malformed, "its answer has too long a header"),
            HttpRequestError.InvalidResponse => new(WebSeedFailureKind.Malformed, "its answer is no HTTP"),
            HttpRequestError.ResponseEnded => new(WebSeedFailureKind.BrokenOff, "it broke off before it answered"),
            _ => new(WebSeedFailureKind.Unreachable, "the exchange with it failed"),
        },
    };
}
