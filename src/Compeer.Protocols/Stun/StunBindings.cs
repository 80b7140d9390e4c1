using System.Buffers;
using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>
/// The client's side of Binding: several questions at once from one port, each with exactly one outcome.
/// Spec: RFC 8489 section 12.1; CHANGE-REQUEST: RFC 5780 section 7.2.
/// </summary>
/// <remarks>Holds at most <paramref name="maxPending"/> questions and as many outcomes not yet taken, about 500 bytes each. Single-threaded.</remarks>
/// <param name="random">Source of transaction ids; unpredictable outside simulations.</param>
/// <param name="maxPending">Questions and outcomes at once.</param>
public sealed class StunBindings(Random random, int maxPending = 32)
{
    private readonly List<(int Number, StunBindingRequest Request, StunClientTransaction Transaction)> _pending = [];
    private readonly Queue<StunBindingOutcome> _outcomes = new();
    private int _numbers;

    /// <summary>When <see cref="OnDeadline"/> is due; null when nothing is asked.</summary>
    public Instant? NextDeadline =>
        _pending.Count == 0 ? null : _pending.Min(p => p.Transaction.NextDeadline ?? Instant.Never);

    /// <summary>Asks; the number comes back with the outcome. Null when too much is under way.</summary>
    public int? TryBegin(StunBindingRequest request, StunTransactionOptions options, Instant now)
    {
        if (_pending.Count + _outcomes.Count >= maxPending)
            return null;
        StunTransactionId id = StunTransactionId.Next(random);
        Span<byte> buffer = stackalloc byte[64];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, id);
        if (request.ChangeAddress || request.ChangePort)
            writer.AddUInt32(StunAttributeType.ChangeRequest, (request.ChangeAddress ? 4u : 0) | (request.ChangePort ? 2u : 0));
        writer.AddFingerprint();
        _pending.Add((_numbers, request, new StunClientTransaction(id, request.Server, writer.Written.ToArray(), options, now, request.AnswersFrom)));
        return _numbers++;
    }

    /// <summary>Forgets a question; it will have no outcome.</summary>
    public void Abandon(int number) => _pending.RemoveAll(p => p.Number == number);

    /// <summary>Takes a datagram; false when it answers nothing that was asked, so it changes nothing.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now)
    {
        if (_pending.Count == 0 || !StunMessage.TryRead(datagram, out StunMessage message) || message.Method != StunMethod.Binding)
            return false;
        for (int i = 0; i < _pending.Count; i++)
        {
            (int number, StunBindingRequest request, StunClientTransaction transaction) = _pending[i];
            if (!transaction.IsAnsweredBy(message, from))
                continue;
            StunError error = default;
            StunBindingAnswer? answer = message.Class == StunClass.Success ? ReadAnswer(message) : null;
            // An answer that says nothing is none; the request is sent again.
            if (answer is null && (message.Class == StunClass.Success || !message.TryGetError(out error)))
                return true;
            _pending.RemoveAt(i);
            _outcomes.Enqueue(new StunBindingOutcome(number, request, answer, answer is null ? error : null));
            return true;
        }
        return false;
    }

    /// <summary>Writes the next datagram, if one is to be sent now, and says where to.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, out IPEndPoint to, Instant now)
    {
        foreach ((_, _, StunClientTransaction transaction) in _pending)
        {
            to = transaction.Server;
            if (transaction.TryTransmit(output, now))
                return true;
        }
        to = null!;
        return false;
    }

    /// <summary>Repeats and gives up what is due.</summary>
    public void OnDeadline(Instant now)
    {
        for (int i = _pending.Count - 1; i >= 0; i--)
        {
            (int number, StunBindingRequest request, StunClientTransaction transaction) = _pending[i];
            transaction.OnDeadline(now);
            if (!transaction.HasTimedOut)
                continue;
            _pending.RemoveAt(i);
            _outcomes.Enqueue(new StunBindingOutcome(number, request, null, null));
        }
    }

    /// <summary>Takes the next outcome, once.</summary>
    public bool TryTakeEvent(out StunBindingOutcome outcome) => _outcomes.TryDequeue(out outcome!);

    private static StunBindingAnswer? ReadAnswer(in StunMessage message)
    {
        // Servers of the first edition answer with the plain address only.
        if (!message.TryGetXorAddress(StunAttributeType.XorMappedAddress, out IPEndPoint? mapped)
            && !message.TryGetAddress(StunAttributeType.MappedAddress, out mapped))
            return null;
        message.TryGetAddress(StunAttributeType.OtherAddress, out IPEndPoint? other);
        return new StunBindingAnswer(mapped, other);
    }
}
