using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.Trackers;

/// <summary>The outcome of one announce: an answer or a failure, never both.</summary>
public sealed class AnnounceResult
{
    public AnnounceResult(AnnounceResponse response) => Response = response;

    public AnnounceResult(TrackerFailure failure) => Failure = failure;

    public AnnounceResponse? Response { get; }

    public TrackerFailure? Failure { get; }

    [MemberNotNullWhen(true, nameof(Response))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool IsSuccess => Response is not null;

    public override string ToString() => IsSuccess ? $"{Response.Peers.Length} peers" : Failure.Message;
}
