using System.Net;
using Compeer.Network.Transports;
using Compeer.Protocols.Stun;

namespace Compeer.Network.Stun;

/// <summary>Tells other peers, on a shared UDP port, from which address their datagrams come. Keeps nothing of them.</summary>
/// <param name="path">The port that it is added to; not owned.</param>
/// <param name="limits">Requests answered a second.</param>
public sealed class StunServer(IDatagramPath path, StunRateLimitOptions? limits = null) : IDatagramReceiver
{
    private readonly StunBindingResponder _responder = new(new StunRateLimit(limits ?? new()));
    private readonly byte[] _reply = new byte[StunBindingResponder.MaxReplyBytes];

    /// <summary>Requests answered; may be read from any thread.</summary>
    public long Answered => _responder.Answered;

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        if (!_responder.TryAnswer(datagram, from, MonotonicClock.Now, _reply, out int length))
            return false;
        if (length > 0)
            path.TrySend(_reply.AsSpan(0, length), from);
        return true;
    }
}
