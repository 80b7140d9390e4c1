using System.Net;

namespace Compeer.Protocols.Utp;

/// <summary>
/// All uTP connections of one UDP port: tells whose packet it is, answers those who ask for a connection, and passes time
/// and turns to send on.
/// Spec: BEP 29. Single-threaded; bounds in <see cref="UtpOptions"/>. To an address that has not proved itself goes at
/// most one packet of 20 bytes for each that came from it, and nothing on a timer.
/// </summary>
public sealed class UtpRouter
{
    // A first packet may overtake others; beyond this many it has to be sent again.
    private const int MaxFirstPackets = 4;
    private const int PacketsPerTurn = 16;

    private readonly Dictionary<(IPEndPoint Remote, ushort Id), UtpConnection> _connections = [];
    private readonly Dictionary<IPAddress, int> _incoming = [];
    private readonly Queue<UtpConnection> _ready = new();
    private readonly Queue<UtpConnection> _eventful = new();
    private readonly PriorityQueue<UtpConnection, long> _deadlines = new();
    private readonly UtpReplies _replies;
    private readonly UtpSynCookies _cookies;
    private readonly Random _random;
    private readonly uint _clockOffset;
    private int _turn;

    /// <param name="options">Values and bounds.</param>
    /// <param name="random">Source of ids and numbers; unpredictable outside simulations.</param>
    /// <param name="now">The time.</param>
    public UtpRouter(UtpOptions options, Random random, Instant now)
    {
        Options = options;
        _random = random;
        _clockOffset = (uint)random.NextInt64(1L << 32);
        _cookies = new UtpSynCookies(random, now);
        _replies = new UtpReplies(options, now);
        Memory = new UtpMemory(options.MaxBufferBytes);
    }

    /// <summary>Connections that are not forgotten yet.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Every connection that is not forgotten yet.</summary>
    public IEnumerable<UtpConnection> Connections => _connections.Values;

    /// <summary>When <see cref="OnDeadline"/> is due; null when nothing is waited for. It may come early for nothing.</summary>
    public Instant? NextDeadline => _deadlines.TryPeek(out _, out long at) ? new Instant(at) : null;

    internal UtpOptions Options { get; }

    internal UtpMemory Memory { get; }

    /// <summary>Asks <paramref name="remote"/> for a connection; null when there are too many.</summary>
    public UtpConnection? Connect(IPEndPoint remote, Instant now)
    {
        if (_connections.Count >= Options.MaxConnections)
            return null;
        ushort id;
        do
            id = (ushort)_random.Next(1 << 16);
        while (_connections.ContainsKey((remote, id)));
        var connection = new UtpConnection(this, remote, id, (ushort)_random.Next(1 << 16), now);
        Add(connection);
        return connection;
    }

    /// <summary>Takes a datagram; false when it is none of uTP.</summary>
    public bool Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now)
    {
        if (!UtpPacketCodec.TryRead(datagram, out UtpHeader header, out ReadOnlySpan<byte> selectiveAck, out ReadOnlySpan<byte> payload))
            return false;
        UtpConnection? connection = Find(header, from) ?? Accept(header, from, now);
        if (connection is not null)
        {
            connection.Receive(header, selectiveAck, payload, now);
            Touch(connection);
        }
        return true;
    }

    /// <summary>Writes the next datagram, if one is to be sent now.</summary>
    /// <param name="target">Room for the largest datagram of the options, and for 274 bytes.</param>
    /// <param name="datagram">Its length and receiver.</param>
    /// <param name="now">The time.</param>
    public bool TryTransmit(Span<byte> target, out UtpDatagram datagram, Instant now)
    {
        if (_replies.TryTake(target, Clock(now), out datagram))
            return true;
        while (_ready.TryPeek(out UtpConnection? connection))
        {
            if (connection.TryTransmit(target, now, out int length, out bool dontFragment))
            {
                datagram = new UtpDatagram(length, connection.Remote, dontFragment);
                if (++_turn == PacketsPerTurn)
                {
                    _turn = 0;
                    _ready.Enqueue(_ready.Dequeue());
                }
                return true;
            }
            _turn = 0;
            _ready.Dequeue();
            connection.Routing.IsQueuedToSend = false;
            Schedule(connection);
        }
        datagram = default;
        return false;
    }

    /// <summary>Does what is due.</summary>
    public void OnDeadline(Instant now)
    {
        while (_deadlines.TryPeek(out UtpConnection? connection, out long at) && at <= now.Ticks)
        {
            _deadlines.Dequeue();
            // An entry that an earlier one has replaced.
            if (at != connection.Routing.ScheduledAt.Ticks)
                continue;
            connection.Routing.ScheduledAt = Instant.Never;
            connection.OnDeadline(now);
            if (connection.IsGone)
                Forget(connection);
            Touch(connection);
        }
    }

    /// <summary>Takes the next connection on which something happened.</summary>
    public bool TryTakeEvent(out UtpEvent happened)
    {
        if (_eventful.TryDequeue(out UtpConnection? connection))
        {
            connection.Routing.IsQueuedToTell = false;
            happened = new UtpEvent(connection, connection.TakeSignals());
            return true;
        }
        happened = default;
        return false;
    }

    /// <summary>Our clock as packets tell it: microseconds from a point that nobody knows.</summary>
    internal uint Clock(Instant now) => (uint)(now.Ticks / TimeSpan.TicksPerMicrosecond) + _clockOffset;

    /// <summary>A connection may have something to send, to wait for or to tell.</summary>
    internal void Touch(UtpConnection connection)
    {
        if (!connection.Routing.IsQueuedToSend)
        {
            connection.Routing.IsQueuedToSend = true;
            _ready.Enqueue(connection);
        }
        if (connection.Signals != UtpSignals.None && !connection.Routing.IsQueuedToTell)
        {
            connection.Routing.IsQueuedToTell = true;
            _eventful.Enqueue(connection);
        }
        Schedule(connection);
    }

    private UtpConnection? Find(in UtpHeader header, IPEndPoint from)
    {
        if (header.Type == UtpPacketType.Syn)
            return _connections.GetValueOrDefault((from, (ushort)(header.ConnectionId + 1)));
        if (_connections.TryGetValue((from, header.ConnectionId), out UtpConnection? connection) || header.Type != UtpPacketType.Reset)
            return connection;
        // Who does not know a connection answers with the id of our own packet.
        return OfSendId(from, header.ConnectionId, -1) ?? OfSendId(from, header.ConnectionId, +1);
    }

    private UtpConnection? OfSendId(IPEndPoint from, ushort sendId, int step) =>
        _connections.TryGetValue((from, (ushort)(sendId + step)), out UtpConnection? other) && other.SendId == sendId ? other : null;

    /// <summary>What to do with a packet of no known connection.</summary>
    private UtpConnection? Accept(in UtpHeader header, IPEndPoint from, Instant now)
    {
        if (header.Type == UtpPacketType.Reset)
            return null;
        if (header.Type == UtpPacketType.Syn)
        {
            if (HasRoomFor(from.Address))
                _replies.AnswerSyn(header, from, _cookies.NumberFor(from, header.ConnectionId, header.SequenceNumber, now), Clock(now));
            return null;
        }
        if (header.Type is UtpPacketType.Data or UtpPacketType.State && HasRoomFor(from.Address))
        {
            ushort synId = (ushort)(header.ConnectionId - 1);
            ushort ours = (ushort)(header.AckNumber + 1);
            for (int ahead = 1; ahead <= MaxFirstPackets; ahead++)
            {
                ushort synNumber = (ushort)(header.SequenceNumber - ahead);
                if (!_cookies.IsOurs(ours, from, synId, synNumber))
                    continue;
                var connection = new UtpConnection(this, from, header.ConnectionId, ours, synNumber, now);
                _incoming[from.Address] = _incoming.GetValueOrDefault(from.Address) + 1;
                Add(connection);
                return connection;
            }
        }
        _replies.Refuse(header, from, now);
        return null;
    }

    private bool HasRoomFor(IPAddress address) =>
        _connections.Count < Options.MaxConnections && _incoming.GetValueOrDefault(address) < Options.MaxIncomingPerAddress;

    private void Add(UtpConnection connection)
    {
        connection.Routing.ScheduledAt = Instant.Never;
        _connections.Add((connection.Remote, connection.ReceiveId), connection);
        Touch(connection);
    }

    private void Forget(UtpConnection connection)
    {
        if (!_connections.Remove((connection.Remote, connection.ReceiveId)) || !connection.IsIncoming)
            return;
        int left = _incoming[connection.Remote.Address] - 1;
        if (left > 0)
            _incoming[connection.Remote.Address] = left;
        else
            _incoming.Remove(connection.Remote.Address);
    }

    /// <summary>Deadlines mostly move later; an entry is made only for one that is earlier than what is already waited for.</summary>
    private void Schedule(UtpConnection connection)
    {
        if (connection.NextDeadline is { } next && next < connection.Routing.ScheduledAt)
        {
            connection.Routing.ScheduledAt = next;
            _deadlines.Enqueue(connection, next.Ticks);
        }
    }
}
