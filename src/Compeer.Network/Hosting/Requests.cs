using System.Text.Json;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>Requests and notices over the streams of a host; messages have their length before them.</summary>
public static class Requests
{
    /// <summary>Answers requests. What <paramref name="answer"/> throws resets the stream, so that the asker learns of a failure.</summary>
    public static void HandleRequests<TRequest, TResponse>(
        this PeerHost host, RequestProtocol<TRequest, TResponse> protocol, Func<PeerId, TRequest, CancellationToken, Task<TResponse>> answer) =>
        host.Handle(protocol.Name, async (stream, cancellationToken) =>
        {
            using CancellationTokenSource deadline = Within(protocol.Deadline, cancellationToken);
            TRequest request = Decode(protocol.Request, await ReadAsync(stream, Math.Min(protocol.MaxBytes, protocol.MaxRequestBytes), deadline.Token));
            TResponse response = await answer(stream.RemotePeer, request, deadline.Token);
            await WriteAsync(stream, protocol.Response.Encode(response), protocol.MaxBytes, deadline.Token);
        });

    /// <summary>Asks a peer and waits for its answer.</summary>
    /// <exception cref="IOException">It is not reached, does not have the protocol, or failed.</exception>
    /// <exception cref="InvalidDataException">The answer is malformed or too long.</exception>
    /// <exception cref="TimeoutException">No answer within the protocol's deadline.</exception>
    public static async Task<TResponse> RequestAsync<TRequest, TResponse>(
        this PeerHost host, PeerId peer, RequestProtocol<TRequest, TResponse> protocol, TRequest request, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource deadline = Within(protocol.Deadline, cancellationToken);
        try
        {
            await using DuplexStream stream = await host.OpenStreamAsync(peer, protocol.Name, deadline.Token);
            await WriteAsync(stream, protocol.Request.Encode(request), Math.Min(protocol.MaxBytes, protocol.MaxRequestBytes), deadline.Token);
            return Decode(protocol.Response, await ReadAsync(stream, protocol.MaxBytes, deadline.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{peer} did not answer {protocol.Name} within {protocol.Deadline.TotalSeconds:0.#} s.");
        }
    }

    /// <summary>Takes notices.</summary>
    public static void HandleNotices<T>(this PeerHost host, NoticeProtocol<T> protocol, Func<PeerId, T, CancellationToken, Task> take) =>
        host.Handle(protocol.Name, async (stream, cancellationToken) =>
        {
            using CancellationTokenSource deadline = Within(protocol.Deadline, cancellationToken);
            T notice = Decode(protocol.Notice, await ReadAsync(stream, protocol.MaxBytes, deadline.Token));
            stream.CompleteWrites();
            await take(stream.RemotePeer, notice, cancellationToken);
        });

    /// <summary>Tells a peer something; returns when it has left, which does not say that it was taken.</summary>
    /// <exception cref="IOException">The peer is not reached, or does not have the protocol.</exception>
    /// <exception cref="TimeoutException">It could not be sent within the protocol's deadline.</exception>
    public static async Task NotifyAsync<T>(this PeerHost host, PeerId peer, NoticeProtocol<T> protocol, T notice, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource deadline = Within(protocol.Deadline, cancellationToken);
        try
        {
            await using DuplexStream stream = await host.OpenStreamAsync(peer, protocol.Name, deadline.Token);
            await WriteAsync(stream, protocol.Notice.Encode(notice), protocol.MaxBytes, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{protocol.Name} could not be sent to {peer} within {protocol.Deadline.TotalSeconds:0.#} s.");
        }
    }

    private static CancellationTokenSource Within(TimeSpan deadline, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(deadline);
        return source;
    }

    private static async Task<byte[]> ReadAsync(DuplexStream stream, int maxBytes, CancellationToken cancellationToken) =>
        await stream.ReadMessageAsync(maxBytes, cancellationToken) ?? throw new EndOfStreamException($"{stream.RemotePeer} ended the stream of {stream.Protocol} without a message.");

    private static async Task WriteAsync(DuplexStream stream, byte[] message, int maxBytes, CancellationToken cancellationToken)
    {
        if (message.Length > maxBytes)
            throw new ArgumentException($"A message of {message.Length} bytes is longer than {stream.Protocol} allows: {maxBytes}.", nameof(message));
        await stream.WriteMessageAsync(message, cancellationToken);
        stream.CompleteWrites();
    }

    private static T Decode<T>(MessageCodec<T> codec, byte[] message)
    {
        try
        {
            return codec.Decode(message);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new InvalidDataException($"The message is malformed: {e.Message}", e);
        }
    }
}
