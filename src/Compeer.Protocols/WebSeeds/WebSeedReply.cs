namespace Compeer.Protocols.WebSeeds;

/// <summary>What the head of an HTTP answer says, as far as it matters here.</summary>
public readonly record struct WebSeedHead
{
    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>Bytes of the body, when told.</summary>
    public long? ContentLength { get; init; }

    /// <summary>First byte of Content-Range, when it is there and in bytes.</summary>
    public long? RangeFrom { get; init; }

    /// <summary>Last byte of Content-Range.</summary>
    public long? RangeTo { get; init; }

    /// <summary>Length of the whole file according to Content-Range.</summary>
    public long? RangeTotal { get; init; }

    /// <summary>The body is compressed or otherwise encoded, though we asked for none of that.</summary>
    public bool IsEncoded { get; init; }

    /// <summary>The server's wish when to be asked again.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>
/// Decides from its head whether the body of an answer is worth reading. Pure.
/// Spec: RFC 9110 sections 10.2.3 (Retry-After), 14.4 (Content-Range), 15 (status codes).
/// </summary>
public static class WebSeedReply
{
    /// <summary>
    /// Null when the body is to be read: after <paramref name="skip"/> bytes that are thrown away, at most
    /// <paramref name="length"/> bytes are the wanted ones, in order from the request's offset.
    /// </summary>
    public static WebSeedFailure? Judge(WebSeedRequest request, in WebSeedHead head, out long skip, out long length)
    {
        (skip, length) = (0, request.Length);
        switch (head.Status)
        {
            case 206:
                return JudgePart(request, head, out length);
            case 200:
                return JudgeWhole(request, head, out skip);
            case 401 or 403 or 404 or 410 or 451:
                return new WebSeedFailure(WebSeedFailureKind.NotThere, $"it does not have the file (HTTP {head.Status})");
            case 416:
                return new WebSeedFailure(WebSeedFailureKind.OtherLength, "its file is shorter (HTTP 416)");
            case 429 or 503:
                return new WebSeedFailure(WebSeedFailureKind.Busy, $"it is busy (HTTP {head.Status})") { RetryAfter = head.RetryAfter };
            default:
                return new WebSeedFailure(WebSeedFailureKind.HttpStatus, $"it answered with HTTP status {head.Status}") { RetryAfter = head.RetryAfter };
        }
    }

    private static WebSeedFailure? JudgePart(WebSeedRequest request, in WebSeedHead head, out long length)
    {
        length = 0;
        if (head.IsEncoded)
            return Encoded();
        if (head.RangeFrom != request.Offset || head.RangeTo is not { } last || last < request.Offset)
            return new WebSeedFailure(WebSeedFailureKind.Malformed, "it answered with another range than asked for");
        if (head.RangeTotal is { } total && total != request.FileLength)
            return OtherLength(total, request);
        length = Math.Min(last - request.Offset + 1, request.Length);
        return null;
    }

    /// <summary>A server without ranges gives the whole file; that is useful while at least half of what must be read is wanted.</summary>
    private static WebSeedFailure? JudgeWhole(WebSeedRequest request, in WebSeedHead head, out long skip)
    {
        skip = request.Offset;
        if (head.IsEncoded)
            return Encoded();
        if (head.ContentLength is { } total && total != request.FileLength)
            return OtherLength(total, request);
        return skip <= request.Length
            ? null
            : new WebSeedFailure(WebSeedFailureKind.NoRanges, "its server gives whole files only, not parts of them");
    }

    private static WebSeedFailure Encoded() => new(WebSeedFailureKind.Malformed, "it sent the file in an encoding that nobody asked for");

    private static WebSeedFailure OtherLength(long total, WebSeedRequest request) =>
        new(WebSeedFailureKind.OtherLength, $"its file has {total} bytes instead of {request.FileLength}");
}
