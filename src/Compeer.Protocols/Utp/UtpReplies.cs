using System.Net;
using Compeer.Protocols.RateLimiting;

namespace Compeer.Protocols.Utp;

/// <summary>
/// Answers to those with whom there is no connection: to a SYN one STATE, to anything else a RESET, each of 20 bytes,
/// never longer than what it answers. At most 256 wait; RESETs are limited per second.
/// </summary>
internal sealed class UtpReplies
{
    private const int MaxWaiting = 256;

    private readonly Queue<(UtpHeader Header, IPEndPoint To)> _waiting = new();
    private readonly TokenBucket? _resets;
    private readonly int _windowBytes;

    public UtpReplies(UtpOptions options, Instant now)
    {
        _windowBytes = options.MaxReceiveBytes;
        if (options.ResetsPerSecond > 0)
        {
            _resets = new TokenBucket(options.ResetsPerSecond, options.ResetsPerSecond);
            _resets.Take(0, now);
        }
    }

    public void AnswerSyn(in UtpHeader syn, IPEndPoint from, ushort number, uint clock) =>
        Add(new UtpHeader(UtpPacketType.State, syn.ConnectionId, 0, clock - syn.Timestamp, (uint)_windowBytes, number, syn.SequenceNumber), from);

    public void Refuse(in UtpHeader header, IPEndPoint from, Instant now)
    {
        if (_resets is null || _resets.Available(now) < 1)
            return;
        _resets.Take(1, now);
        Add(new UtpHeader(UtpPacketType.Reset, header.ConnectionId, 0, 0, 0, 0, header.SequenceNumber), from);
    }

    public bool TryTake(Span<byte> target, uint clock, out UtpDatagram datagram)
    {
        if (!_waiting.TryDequeue(out (UtpHeader Header, IPEndPoint To) reply))
        {
            datagram = default;
            return false;
        }
        datagram = new UtpDatagram(UtpPacketCodec.Write(target, reply.Header with { Timestamp = clock }), reply.To, false);
        return true;
    }

    private void Add(in UtpHeader header, IPEndPoint to)
    {
        if (_waiting.Count < MaxWaiting)
            _waiting.Enqueue((header, to));
    }
}
