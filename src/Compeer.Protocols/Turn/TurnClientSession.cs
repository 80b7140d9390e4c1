using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>
/// The client's side of one allocation at a relay: gets it, keeps it, its permissions and its channels alive, wraps and unwraps
/// datagrams, gives it back. Spec: RFC 8656 (UDP between client and relay, UDP between relay and peers), RFC 8489 section 9.2.
/// </summary>
/// <remarks>
/// Ends with one <see cref="TurnClosed"/>. Answers count only from the relay's endpoint, with the transaction id, and once we have
/// a key with the right MESSAGE-INTEGRITY. Single-threaded; bounds are in the options.
/// DEVIATION: always answers a challenge with MD5 and SHA-1, which each server must take unless it offers PASSWORD-ALGORITHMS
/// of SHA-256 only (RFC 8489 section 9.2.4); no relay in use does. ALTERNATE-SERVER is not followed.
/// </remarks>
public sealed partial class TurnClientSession
{
    private const int MaxTextBytes = 508;
    private const int MaxRequestBytes = 2048;
    private const int MaxChallenges = 4;
    private const uint UdpProtocol = 17;

    private readonly TurnCredentials _credentials;
    private readonly TurnClientOptions _options;
    private readonly Random _random;
    private readonly List<Pending> _pending = [];
    private readonly Queue<TurnClientEvent> _events = new();

    private State _state = State.Idle;
    private byte[]? _key;
    private byte[] _realm = [];
    private byte[] _nonce = [];
    private bool _wasReleasedForMismatch;
    private Instant _refreshDue = Instant.Never;
    private Instant _keepAliveDue = Instant.Never;
    private Instant _checkDue = Instant.Never;
    private Instant _heardAt;
    private Instant _wrappedAt;

    /// <param name="server">The relay; never an IPv4 address in IPv6 form.</param>
    /// <param name="credentials">Name and password there.</param>
    /// <param name="options">Times and limits.</param>
    /// <param name="random">Source of transaction ids; unpredictable outside simulations.</param>
    public TurnClientSession(IPEndPoint server, TurnCredentials credentials, TurnClientOptions options, Random random)
    {
        if (Encoding.UTF8.GetByteCount(credentials.Username) > MaxTextBytes)
            throw new ArgumentException($"A user name has at most {MaxTextBytes} bytes.", nameof(credentials));
        Server = server;
        _credentials = credentials;
        _options = options;
        _random = random;
    }

    private enum State
    {
        Idle,
        Allocating,
        Allocated,
        Releasing,
        Closed,
    }

    private enum Purpose
    {
        Allocate,
        Refresh,
        Release,
        Permission,
        Channel,
    }

    public IPEndPoint Server { get; }

    /// <summary>Where others reach us; null before and after the allocation.</summary>
    public IPEndPoint? Relayed { get; private set; }

    public bool IsClosed => _state == State.Closed;

    /// <summary>When <see cref="OnDeadline"/> or <see cref="TryTransmit"/> is due; null when idle or closed.</summary>
    public Instant? NextDeadline
    {
        get
        {
            if (_state is State.Idle or State.Closed)
                return null;
            Instant next = Instant.Min(Instant.Min(_refreshDue, _checkDue), _keepAliveDue);
            foreach (Pending pending in _pending)
                next = Instant.Min(next, pending.Transaction.NextDeadline ?? Instant.Zero);
            // What cannot be asked now becomes due when a request under way has ended.
            return _pending.Count < _options.MaxPending ? Instant.Min(next, NextPeerDeadline) : next;
        }
    }

    /// <summary>Asks for the allocation. Called once.</summary>
    public void Allocate(Instant now)
    {
        if (_state != State.Idle)
            throw new InvalidOperationException("One allocation a session.");
        _state = State.Allocating;
        Ask(Purpose.Allocate, null, 0, now);
    }

    /// <summary>Gives the allocation back; ends with <see cref="TurnClosed"/> when the server has answered or does not.</summary>
    public void Close(Instant now)
    {
        if (_state is State.Closed or State.Releasing)
            return;
        _pending.Clear();
        if (_state != State.Allocated)
        {
            Fail(TurnCloseReason.Released, "The allocation was not wanted any more.");
            return;
        }
        _state = State.Releasing;
        Ask(Purpose.Release, null, 0, now);
    }

    /// <summary>
    /// Takes a datagram. With <see cref="TurnReceived.Data"/>, <paramref name="data"/> is a part of <paramref name="datagram"/>
    /// and <paramref name="peer"/> who sent it to the relay.
    /// </summary>
    public TurnReceived Receive(ReadOnlySpan<byte> datagram, IPEndPoint from, Instant now, out ReadOnlySpan<byte> data, [MaybeNull] out IPEndPoint peer)
    {
        data = default;
        peer = null;
        if (_state is State.Idle or State.Closed || !from.Equals(Server))
            return TurnReceived.NotMine;
        _heardAt = now;
        if (TurnChannelData.IsLikely(datagram))
            return ReceiveChannelData(datagram, now, out data, out peer);
        if (!StunMessage.TryRead(datagram, out StunMessage message))
            return TurnReceived.NotMine;
        if (message.Class == StunClass.Indication)
            return message.Method == StunMethod.Data ? ReceiveIndication(message, now, out data, out peer) : TurnReceived.NotMine;
        foreach (Pending pending in _pending)
        {
            if (pending.Method == message.Method && pending.Transaction.IsAnsweredBy(message, from))
            {
                OnAnswer(pending, message, now);
                return TurnReceived.Taken;
            }
        }
        return TurnReceived.NotMine;
    }

    /// <summary>Writes the next datagram for <see cref="Server"/>, if one is to be sent now.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        foreach (Pending pending in _pending)
        {
            if (pending.Transaction.TryTransmit(output, now))
            {
                _keepAliveDue = now + _options.KeepAlive;
                return true;
            }
        }
        if (_state != State.Allocated || now < _keepAliveDue)
            return false;
        _keepAliveDue = now + _options.KeepAlive;
        var writer = new StunMessageWriter(output.GetSpan(StunMessage.HeaderBytes), StunClass.Indication, StunMethod.Binding, StunTransactionId.Next(_random));
        output.Advance(writer.Length);
        return true;
    }

    /// <summary>Repeats, renews and gives up what is due.</summary>
    public void OnDeadline(Instant now)
    {
        if (_state is State.Idle or State.Closed)
            return;
        for (int i = _pending.Count - 1; i >= 0 && i < _pending.Count; i--)
        {
            Pending pending = _pending[i];
            pending.Transaction.OnDeadline(now);
            if (pending.Transaction.HasTimedOut)
                OnTimeout(pending, now);
        }
        if (_state != State.Allocated)
            return;
        // A relay that was started again says nothing of what it forgot until it is asked.
        bool isDoubtful = false;
        if (now >= _checkDue)
        {
            _checkDue = now + _options.Doubt;
            isDoubtful = _refreshDue != Instant.Never && now - _heardAt >= (_wrappedAt > _heardAt ? _options.Doubt : _options.IdleDoubt);
        }
        if (now >= _refreshDue || isDoubtful)
        {
            _refreshDue = Instant.Never;
            Ask(Purpose.Refresh, null, 0, now);
        }
        WorkOnPeers(now);
    }

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent(out TurnClientEvent e) => _events.TryDequeue(out e!);

    private void Ask(Purpose purpose, IPEndPoint? peer, int challenges, Instant now)
    {
        // The peer may have been given up while the server asked for a new nonce.
        if (purpose == Purpose.Channel && !_channels.ContainsKey(peer!))
            return;
        Span<byte> buffer = stackalloc byte[MaxRequestBytes];
        StunTransactionId id = StunTransactionId.Next(_random);
        StunMethod method = MethodOf(purpose);
        var writer = new StunMessageWriter(buffer, StunClass.Request, method, id);
        switch (purpose)
        {
            case Purpose.Allocate:
                writer.AddUInt32(StunAttributeType.RequestedTransport, UdpProtocol << 24);
                writer.AddUInt32(StunAttributeType.Lifetime, (uint)_options.Lifetime.TotalSeconds);
                if (StunAddressCodec.IsV6(Server.Address))
                    writer.AddUInt32(StunAttributeType.RequestedAddressFamily, (uint)StunAddressCodec.V6 << 24);
                break;
            case Purpose.Refresh:
                writer.AddUInt32(StunAttributeType.Lifetime, (uint)_options.Lifetime.TotalSeconds);
                break;
            case Purpose.Release:
                writer.AddUInt32(StunAttributeType.Lifetime, 0);
                break;
            case Purpose.Permission:
                writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer!);
                break;
            case Purpose.Channel:
                writer.AddUInt32(StunAttributeType.ChannelNumber, (uint)_channels[peer!].Number << 16);
                writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer!);
                break;
        }
        if (_key is not null)
        {
            writer.AddText(StunAttributeType.Username, _credentials.Username);
            writer.Add(StunAttributeType.Realm, _realm);
            writer.Add(StunAttributeType.Nonce, _nonce);
            writer.AddIntegrity(_key);
        }
        var transaction = new StunClientTransaction(id, Server, writer.Written.ToArray(), _options.Transaction, now);
        _pending.Add(new Pending(purpose, method, peer, transaction, _key is not null, challenges));
    }

    private static StunMethod MethodOf(Purpose purpose) => purpose switch
    {
        Purpose.Allocate => StunMethod.Allocate,
        Purpose.Permission => StunMethod.CreatePermission,
        Purpose.Channel => StunMethod.ChannelBind,
        _ => StunMethod.Refresh,
    };

    private void Fail(TurnCloseReason reason, string message)
    {
        if (_state == State.Closed)
            return;
        _state = State.Closed;
        Relayed = null;
        _pending.Clear();
        _permissions.Clear();
        _channels.Clear();
        _byNumber.Clear();
        _events.Enqueue(new TurnClosed(reason, message));
    }

    private sealed record Pending(Purpose Purpose, StunMethod Method, IPEndPoint? Peer, StunClientTransaction Transaction, bool IsProtected, int Challenges);
}
