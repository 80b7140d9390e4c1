using System.Buffers;
using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>
/// One request over UDP: sent, sent again, answered or given up. An answer counts only when it comes from the endpoint that was
/// asked and bears the transaction id. Spec: RFC 8489 sections 6.2.1 and 6.3.
/// </summary>
/// <remarks>Single-threaded; holds the request's bytes.</remarks>
public sealed class StunClientTransaction
{
    private readonly StunTransactionOptions _options;
    private readonly ReadOnlyMemory<byte> _request;
    private readonly IPEndPoint _answersFrom;
    private int _sends;
    private bool _isSendDue = true;
    private Instant _deadline;

    /// <param name="id">The id in <paramref name="request"/>.</param>
    /// <param name="server">Where the request goes.</param>
    /// <param name="request">The whole message; not to be changed.</param>
    /// <param name="options">Times.</param>
    /// <param name="now">The first sending is due now.</param>
    /// <param name="answersFrom">Where the answer has to come from, when that is not the server asked (CHANGE-REQUEST).</param>
    public StunClientTransaction(
        StunTransactionId id, IPEndPoint server, ReadOnlyMemory<byte> request, StunTransactionOptions options, Instant now, IPEndPoint? answersFrom = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxSends, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxSends, 10, nameof(options));
        Id = id;
        Server = server;
        _request = request;
        _options = options;
        _deadline = now;
        _answersFrom = answersFrom ?? server;
    }

    public StunTransactionId Id { get; }

    public IPEndPoint Server { get; }

    /// <summary>Whether all sendings went unanswered.</summary>
    public bool HasTimedOut { get; private set; }

    /// <summary>When <see cref="OnDeadline"/> or <see cref="TryTransmit"/> is due; null when it has timed out.</summary>
    public Instant? NextDeadline => HasTimedOut ? null : _deadline;

    /// <summary>Whether a message is the answer.</summary>
    public bool IsAnsweredBy(in StunMessage message, IPEndPoint from) =>
        !HasTimedOut && _sends > 0 && message.Class is (StunClass.Success or StunClass.Error) && message.Id == Id && from.Equals(_answersFrom);

    /// <summary>Writes the request if it is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (!_isSendDue)
            return false;
        _isSendDue = false;
        _sends++;
        output.Write(_request.Span);
        int wait = _sends == _options.MaxSends ? _options.LastWaitFactor : 1 << (_sends - 1);
        _deadline = now + (_options.InitialTimeout * wait);
        return true;
    }

    /// <summary>Sends again or gives up when <see cref="NextDeadline"/> has passed.</summary>
    public void OnDeadline(Instant now)
    {
        // While the request waits to be sent, the deadline only calls for TryTransmit.
        if (_isSendDue || HasTimedOut || now < _deadline)
            return;
        if (_sends == _options.MaxSends)
            HasTimedOut = true;
        else
            _isSendDue = true;
    }
}
