using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Outbound;

/// <summary>
/// Fetches what a person's address names, over HTTP. Whoever may add torrents may name an address, so it leads to the Internet only; to
/// a local network where its address stands in figures in the URL; to this machine never. Every redirect is judged the same, and
/// the connection goes to the addresses that were judged.
/// </summary>
/// <param name="policy">Behind a proxy nothing is fetched.</param>
/// <param name="bind">The local address; null means all.</param>
public sealed class PublicFetch(NetworkPolicy policy, IPAddress? bind)
{
    private const int MaxRedirects = 3;
    private const int MaxVersionLength = 300;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The body, of at most <paramref name="maxBytes"/>, within half a minute.</summary>
    /// <exception cref="IOException">It cannot be had; the message says why.</exception>
    public async Task<byte[]> GetAsync(string address, int maxBytes, CancellationToken cancellationToken) =>
        (await GetAsync(address, maxBytes, new PageVersion(null, null), cancellationToken)).Body ?? throw new IOException("the server says that it has not changed, which nobody asked");

    /// <summary>The body, unless it is the version that is known. Spec: RFC 9110, section 13.</summary>
    /// <exception cref="IOException">It cannot be had; the message says why.</exception>
    public async Task<FetchedPage> GetAsync(string address, int maxBytes, PageVersion known, CancellationToken cancellationToken)
    {
        if (!policy.AllowsDirect(TrafficClass.HttpTracker) || !policy.AllowsDirect(TrafficClass.NameLookup))
            throw new IOException("behind the proxy it would be fetched past it");
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? url))
            throw new IOException("it is no address");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            var least = AddressReach.Private;
            for (int hop = 0; hop <= MaxRedirects; hop++)
            {
                (IPAddress[] addresses, AddressReach reach) = await JudgeAsync(url, least, limit.Token);
                using HttpMessageInvoker invoker = Invoker(addresses);
                using var request = new HttpRequestMessage(HttpMethod.Get, url);
                request.Headers.ConnectionClose = true;
                request.Headers.TryAddWithoutValidation("User-Agent", "Compeer");
                if (known.ETag is not null)
                    request.Headers.TryAddWithoutValidation("If-None-Match", known.ETag);
                if (known.LastModified is not null)
                    request.Headers.TryAddWithoutValidation("If-Modified-Since", known.LastModified);
                using HttpResponseMessage response = await invoker.SendAsync(request, limit.Token);
                if (RedirectRule.IsRedirect(response, out Uri? location))
                {
                    var next = new Uri(url, location);
                    if (RedirectRule.IsDowngrade(url, next))
                        throw new IOException("it redirects from https to http");
                    (url, least) = (next, reach);
                    continue;
                }
                if (response.StatusCode == HttpStatusCode.NotModified && known != new PageVersion(null, null))
                    return new FetchedPage(null, known);
                if (!response.IsSuccessStatusCode)
                    throw new IOException($"the server answers {(int)response.StatusCode}");
                return new FetchedPage(await ReadAsync(response, maxBytes, limit.Token), new PageVersion(Short(response.Headers.ETag?.ToString()), Short(response.Content.Headers.LastModified?.ToString("R"))));
            }
            throw new IOException($"it redirects more than {MaxRedirects} times");
        }
        catch (HttpRequestException e)
        {
            throw new IOException(e.InnerException is SocketException socket ? SocketErrors.Describe(socket.SocketErrorCode) : e.Message, e);
        }
        catch (SocketException e)
        {
            throw new IOException(SocketErrors.Describe(e.SocketErrorCode), e);
        }
        catch (ArgumentException e)
        {
            throw new IOException("it names no host that can be looked up", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"it took longer than {Timeout.TotalSeconds:0} s");
        }
    }

    private static string? Short(string? value) => value is { Length: <= MaxVersionLength } ? value : null;

    private static async Task<(IPAddress[] Addresses, AddressReach Reach)> JudgeAsync(Uri url, AddressReach least, CancellationToken cancellationToken)
    {
        if (url.Scheme is not ("http" or "https"))
            throw new IOException($"{url.Scheme} addresses are not fetched; http and https are");
        if (IPAddress.TryParse(url.DnsSafeHost, out IPAddress? literal))
        {
            AddressReach reach = AddressReaches.Of(literal);
            bool isLinkLocal = literal.IsIPv6LinkLocal || (literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal).GetAddressBytes() is [169, 254, ..];
            return reach >= least && !isLinkLocal ? ([literal], reach) : throw new IOException($"nothing is fetched from {literal}");
        }
        IPAddress[] found = await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellationToken);
        IPAddress[] global = [.. found.Where(a => AddressReaches.Of(a) == AddressReach.Global).Take(4)];
        return global.Length > 0 ? (global, AddressReach.Global) : throw new IOException($"the name {url.DnsSafeHost} does not lead to the Internet");
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var kept = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (kept.Length + read > maxBytes)
                throw new IOException($"it is larger than {maxBytes} bytes");
            kept.Write(buffer, 0, read);
        }
        return kept.ToArray();
    }

    private HttpMessageInvoker Invoker(IPAddress[] addresses) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 16,
        ConnectCallback = async (context, token) =>
            new NetworkStream(await TcpDial.ConnectAsync(addresses, context.DnsEndPoint.Port, bind, ConnectTimeout, token), ownsSocket: true),
    });
}

/// <summary>What a server calls a version of a page; null where it does not.</summary>
public sealed record PageVersion(string? ETag, string? LastModified);

/// <summary>A page.</summary>
/// <param name="Body">Its bytes; null when it is the version that was known.</param>
/// <param name="Version">The version to ask with next time.</param>
public sealed record FetchedPage(byte[]? Body, PageVersion Version);
