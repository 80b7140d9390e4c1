using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Trackers;

/// <summary>
/// Gets one answer over HTTP(S) and one address family: bounded in size and time, through no proxy but the user's, without cookies,
/// following few redirects and none that leads inwards. Certificates are validated as the system does.
/// </summary>
internal sealed class HttpTrackerExchange(TrackerClientOptions options, TrackerAddresses rules)
{
    /// <param name="url">What to get, query included.</param>
    /// <param name="addresses">The checked addresses of its host.</param>
    /// <param name="family">The family to use on every hop.</param>
    /// <param name="trackerPath">The one path that may be asked of this machine.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <returns>What came, or why nothing did, and the address that gave it; none when a proxy looked it up.</returns>
    public async Task<(byte[] Body, TrackerFailure? Failure, IPAddress? Tracker)> GetAsync(
        Uri url, IPAddress[] addresses, AddressFamily family, string trackerPath, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.HttpTimeout);
        try
        {
            return await FollowAsync(url, addresses, family, trackerPath, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Fail(TrackerFailureKind.Timeout, "The tracker did not answer in time.");
        }
        catch (HttpRequestException e)
        {
            return Fail(e.InnerException is InvalidDataException ? TrackerFailureKind.Malformed : TrackerFailureKind.Unreachable, Describe(e));
        }
        catch (InvalidDataException)
        {
            return Fail(TrackerFailureKind.Malformed, "The tracker's answer cannot be decompressed.");
        }
        catch (IOException)
        {
            return Fail(TrackerFailureKind.Unreachable, "The tracker broke off in the middle of its answer.");
        }
    }

    private async Task<(byte[] Body, TrackerFailure? Failure, IPAddress? Tracker)> FollowAsync(
        Uri url, IPAddress[] addresses, AddressFamily family, string trackerPath, CancellationToken cancellationToken)
    {
        AddressReach least = AddressReach.Loopback;
        string credentials = url.UserInfo;
        TrackerFailure? failure;
        for (int hop = 0; hop <= options.MaxRedirects; hop++)
        {
            (IPAddress[] allowed, failure) = rules.Allow(url, addresses, family, least, trackerPath);
            if (failure is not null)
                return ([], failure, null);
            using HttpTrackerHop request = new(options, allowed);
            using HttpResponseMessage response = await request.SendAsync(url, credentials, cancellationToken);
            if (!RedirectRule.IsRedirect(response, out Uri? location))
                return await ReadAsync(response, request.Connected, cancellationToken);

            if (!Uri.TryCreate(url, location, out Uri? target) || TrackerUrl.ProblemOf(target).Length > 0 || target.Scheme == "udp")
                return Fail(TrackerFailureKind.Forbidden, "The tracker redirected to something that is no HTTP tracker's address.");
            if (RedirectRule.IsDowngrade(url, target))
                return Fail(TrackerFailureKind.Forbidden, "The tracker redirected from https to http, which would show the announce to others.");
            if (!RedirectRule.IsSameOrigin(url, target))
                credentials = "";
            least = request.Connected is { } connected ? options.Reach(connected) : ProxiedName.Reach(url.DnsSafeHost);
            url = target;
            (addresses, failure) = await rules.FindAsync(url, cancellationToken);
            if (failure is not null)
                return ([], failure, null);
        }
        return Fail(TrackerFailureKind.Forbidden, $"The tracker redirected more than {options.MaxRedirects} times.");
    }

    private async Task<(byte[] Body, TrackerFailure? Failure, IPAddress? Tracker)> ReadAsync(HttpResponseMessage response, IPAddress? tracker, CancellationToken cancellationToken)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        byte[] body = new byte[4096];
        int length = 0;
        while (true)
        {
            if (length == body.Length)
            {
                if (length > options.MaxBodyBytes)
                    return Fail(TrackerFailureKind.TooLarge, $"The tracker's answer is longer than {options.MaxBodyBytes} bytes.");
                Array.Resize(ref body, Math.Min(4 * length, options.MaxBodyBytes + 1));
            }
            int read = await stream.ReadAsync(body.AsMemory(length), cancellationToken);
            if (read == 0)
                break;
            length += read;
        }
        // Many trackers put their reason into an answer with an error status.
        if (!response.IsSuccessStatusCode && (length == 0 || body[0] != 'd'))
            return Fail(TrackerFailureKind.HttpStatus, $"The tracker answered with HTTP status {(int)response.StatusCode}.");
        return (body[..length], null, tracker);
    }

    private static string Describe(HttpRequestException e) => e.InnerException switch
    {
        ProxyException proxy => $"There is no way to the tracker: {proxy.Message}.",
        SocketException socket => $"The tracker cannot be reached: {SocketErrors.Describe(socket.SocketErrorCode)}.",
        AuthenticationException => "The tracker's certificate is not valid for its name.",
        InvalidDataException => "The tracker's answer cannot be decompressed.",
        _ => e.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => "The tracker's answer has too long a header.",
            HttpRequestError.InvalidResponse => "The tracker's answer is no HTTP.",
            HttpRequestError.ResponseEnded => "The tracker broke off in the middle of its answer.",
            _ => "The exchange with the tracker failed.",
        },
    };

    private static (byte[] Body, TrackerFailure? Failure, IPAddress? Tracker) Fail(TrackerFailureKind kind, string message) => ([], new TrackerFailure(kind, message), null);
}
