namespace Compeer.Network.Hosting;

/// <summary>One message in, one message out: a protocol of a stream for each request.</summary>
/// <param name="Name">Like "/sum/1.0.0".</param>
/// <param name="Request">How requests are written.</param>
/// <param name="Response">How responses are written.</param>
public sealed record RequestProtocol<TRequest, TResponse>(string Name, MessageCodec<TRequest> Request, MessageCodec<TResponse> Response)
{
    /// <summary>The longest request or response.</summary>
    public int MaxBytes { get; init; } = 1 << 20;

    /// <summary>The longest request, where that is less.</summary>
    public int MaxRequestBytes { get; init; } = int.MaxValue;

    /// <summary>From the opening of the stream to the last byte of the response.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>One message, and no answer.</summary>
/// <param name="Name">Like "/note/1.0.0".</param>
/// <param name="Notice">How notices are written.</param>
public sealed record NoticeProtocol<T>(string Name, MessageCodec<T> Notice)
{
    /// <summary>The longest notice.</summary>
    public int MaxBytes { get; init; } = 1 << 20;

    /// <summary>From the opening of the stream to the end of the notice.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);
}
