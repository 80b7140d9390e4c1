using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.PortMapping;

/// <summary>
/// One HTTP request to a router: to exactly the literal address in the URL, from our address in its network, without proxy,
/// redirect, cookies or kept connection; bounded in time and length.
/// </summary>
public static class IgdExchange
{
    /// <summary>More than this is not read.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    /// <summary>Makes the request; every failure but cancellation is in the reply.</summary>
    /// <param name="request">As <see cref="IgdSession"/> wants it.</param>
    /// <param name="local">The address that we ask from.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public static async Task<IgdReply> RunAsync(IgdRequest request, IPAddress local, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            using var invoker = new HttpMessageInvoker(Handler(request.Url, local));
            using HttpRequestMessage message = Message(request);
            using HttpResponseMessage response = await invoker.SendAsync(message, limit.Token);
            if (response.Content.Headers.ContentLength > MaxBodyBytes)
                return Failed(request, "its answer is too long");
            await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
            return await ReadAsync(body, limit.Token) is { } bytes
                ? new IgdReply(request.Id, (int)response.StatusCode, bytes, null)
                : Failed(request, "its answer is too long");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(request, "no answer in time");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Failed(request, e.InnerException is SocketException socket ? SocketErrors.Describe(socket.SocketErrorCode) : "its answer is not HTTP, or was cut short");
        }
    }

    private static IgdReply Failed(IgdRequest request, string why) => new(request.Id, 0, default, why);

    private static HttpRequestMessage Message(IgdRequest request)
    {
        var message = new HttpRequestMessage(request.SoapAction is null ? HttpMethod.Get : HttpMethod.Post, request.Url);
        message.Headers.TryAddWithoutValidation("User-Agent", "Compeer UPnP/1.1");
        message.Headers.ConnectionClose = true;
        if (request.SoapAction is null)
            return message;
        message.Headers.TryAddWithoutValidation("SOAPAction", request.SoapAction);
        message.Content = new ReadOnlyMemoryContent(request.Body);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("text/xml", "utf-8");
        return message;
    }

    private static SocketsHttpHandler Handler(Uri url, IPAddress local) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
        ConnectCallback = async (_, token) =>
        {
            // Only a literal: no name is ever resolved.
            var device = new IPEndPoint(IPAddress.Parse(url.Host), url.Port);
            var socket = new Socket(device.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(local, 0));
                await socket.ConnectAsync(device, token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    };

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        byte[] chunk = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            int length;
            while ((length = await body.ReadAsync(chunk, cancellationToken)) > 0)
            {
                if (whole.Length + length > MaxBodyBytes)
                    return null;
                whole.Write(chunk, 0, length);
            }
            return whole.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }
}
