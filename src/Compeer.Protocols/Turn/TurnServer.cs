using System.Collections.Frozen;
using System.Net;
using System.Text;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>
/// A relay for contacts: gives users a port on this machine, lets through whom they permit, within quotas. Answers Binding too.
/// Spec: RFC 8656 over UDP with UDP relayed; RFC 8489 section 9.2 (long-term credentials).
/// </summary>
/// <remarks>
/// Everything but Binding and the data of an allocation needs the password. Before that a reply is shorter than three times its
/// request and nothing is kept. Single-threaded; bounds are in the options. The ports are the driver's.
/// DEVIATION: DONT-FRAGMENT and RESERVATION-TOKEN are answered with error 420, an EVEN-PORT that wants two ports with 508; ICMP is
/// not passed on.
/// </remarks>
public sealed partial class TurnServer
{
    /// <summary>Most bytes that an output needs beside the data of a peer's datagram.</summary>
    public const int MaxOverheadBytes = 512;

    private const int MaxRealmBytes = 12;
    private const int MaxUnknown = 8;

    private readonly TurnServerOptions _options;
    private readonly FrozenDictionary<string, byte[]> _keys;
    private readonly TurnNonces _nonces;
    private readonly TurnPeerPolicy _policy;
    private readonly StunRateLimit _limit;
    private readonly StunBindingResponder _binding;
    private readonly Dictionary<IPEndPoint, TurnAllocation> _byClient = [];
    private readonly Dictionary<int, TurnAllocation> _byRelay = [];
    private readonly HashSet<IPEndPoint> _relayed = [];
    private readonly Queue<TurnServerEvent> _events = new();
    private int _relays;

    /// <param name="options">Users and limits.</param>
    /// <param name="secret">At least 16 random bytes for nonces; copied.</param>
    /// <exception cref="ArgumentException">The realm or a user's name is too long.</exception>
    public TurnServer(TurnServerOptions options, ReadOnlySpan<byte> secret)
    {
        if (Encoding.UTF8.GetByteCount(options.Realm) > MaxRealmBytes)
            throw new ArgumentException($"A realm has at most {MaxRealmBytes} bytes.", nameof(options));
        _options = options;
        _keys = options.Users.ToFrozenDictionary(u => u.Key, u => StunCredentials.Key(u.Key, options.Realm, u.Value), StringComparer.Ordinal);
        _nonces = new TurnNonces(secret, options.NonceLifetime);
        _policy = new TurnPeerPolicy(options);
        _limit = new StunRateLimit(options.RateLimit);
        _binding = new StunBindingResponder(_limit);
    }

    /// <summary>Allocations now.</summary>
    public int Allocations => _byClient.Count;

    /// <summary>Payload relayed since the start, both directions.</summary>
    public long RelayedBytes { get; private set; }

    /// <summary>Datagrams not relayed: no permission, no bandwidth, or a place that is not relayed to.</summary>
    public long Dropped { get; private set; }

    /// <summary>Requests without the right password, the first of each client included.</summary>
    public long Challenges { get; private set; }

    /// <summary>Binding requests answered.</summary>
    public long Bindings => _binding.Answered;

    /// <summary>When <see cref="OnDeadline"/> is due.</summary>
    public Instant? NextDeadline => _byClient.Count == 0 ? null : _byClient.Values.Min(a => a.Expires);

    /// <summary>Takes a datagram that came to the server's port. <paramref name="output"/> has at least <see cref="MaxOverheadBytes"/>.</summary>
    public TurnAction Receive(ReadOnlySpan<byte> datagram, IPEndPoint client, Instant now, Span<byte> output)
    {
        if (TurnChannelData.IsLikely(datagram))
            return ReceiveChannelData(datagram, client, now);
        if (!StunMessage.TryRead(datagram, out StunMessage message))
            return default;
        switch (message.Class)
        {
            case StunClass.Indication when message.Method == StunMethod.Send:
                return ReceiveSend(message, client, now);
            case StunClass.Request when message.Method == StunMethod.Binding:
                _binding.TryAnswer(datagram, client, now, output, out int length);
                return TurnAction.ToClient(client, length);
            case StunClass.Request when _limit.TryTake(client.Address, now):
                return TurnAction.ToClient(client, AnswerRequest(message, client, now, output));
            default:
                return default;
        }
    }

    /// <summary>Whether a datagram may be for this server, on a port that it shares.</summary>
    public bool IsMine(ReadOnlySpan<byte> datagram, IPEndPoint from) =>
        StunMessage.IsLikely(datagram) ? (datagram[0] & 1) == 0 : TurnChannelData.IsLikely(datagram) && _byClient.ContainsKey(from);

    /// <summary>Takes a datagram that came to the port of a relay. <paramref name="output"/> has <see cref="MaxOverheadBytes"/> more than the data.</summary>
    public TurnAction ReceiveFromPeer(int relay, ReadOnlySpan<byte> data, IPEndPoint peer, Instant now, Span<byte> output)
    {
        if (!_byRelay.TryGetValue(relay, out TurnAllocation? allocation) || !allocation.IsPermitted(peer.Address, now) || !allocation.TryTake(data.Length, now))
        {
            Dropped++;
            return default;
        }
        RelayedBytes += data.Length;
        if (allocation.ChannelOf(peer, now) is var number and not 0)
            return TurnAction.ToClient(allocation.Client, TurnChannelData.Write(output, number, data));
        // Indications have no answer, so their id only has to be there.
        var writer = new StunMessageWriter(output, StunClass.Indication, StunMethod.Data, new StunTransactionId((ulong)RelayedBytes, (uint)relay));
        writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, data);
        return TurnAction.ToClient(allocation.Client, writer.Length);
    }

    /// <summary>The port of a relay is open; <paramref name="relayed"/> is where others reach it.</summary>
    public TurnAction RelayOpened(int relay, IPEndPoint relayed, Instant now, Span<byte> output)
    {
        if (!_byRelay.TryGetValue(relay, out TurnAllocation? allocation) || allocation.Relayed is not null)
            return default;
        allocation.Relayed = relayed;
        allocation.Expires = now + allocation.Lifetime;
        _relayed.Add(relayed);
        return TurnAction.ToClient(allocation.Client, WriteAllocated(allocation, output));
    }

    /// <summary>No port could be opened for a relay.</summary>
    public TurnAction RelayFailed(int relay, Span<byte> output)
    {
        if (!_byRelay.TryGetValue(relay, out TurnAllocation? allocation))
            return default;
        _byRelay.Remove(relay);
        _byClient.Remove(allocation.Client);
        var request = new Request(StunMethod.Allocate, allocation.AllocatedBy, allocation.Client, allocation.User, allocation.Key);
        return TurnAction.ToClient(allocation.Client, Refuse(request, StunError.InsufficientCapacity, output));
    }

    /// <summary>Ends allocations that nobody refreshed.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (TurnAllocation allocation in _byClient.Values.Where(a => now >= a.Expires).ToArray())
            End(allocation);
    }

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent(out TurnServerEvent e) => _events.TryDequeue(out e!);

    private TurnAction ReceiveChannelData(ReadOnlySpan<byte> datagram, IPEndPoint client, Instant now)
    {
        if (!TurnChannelData.TryRead(datagram, out ushort number, out ReadOnlySpan<byte> data)
            || !_byClient.TryGetValue(client, out TurnAllocation? allocation)
            || allocation.PeerOf(number, now) is not { } peer)
            return default;
        return Relay(allocation, peer, data, now);
    }

    private TurnAction ReceiveSend(StunMessage message, IPEndPoint client, Instant now)
    {
        if (!_byClient.TryGetValue(client, out TurnAllocation? allocation)
            || !message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out IPEndPoint? peer)
            || !message.TryGet(StunAttributeType.Data, out ReadOnlySpan<byte> data)
            || message.TryGet(StunAttributeType.DontFragment, out _))
            return default;
        return Relay(allocation, peer, data, now);
    }

    private TurnAction Relay(TurnAllocation allocation, IPEndPoint peer, ReadOnlySpan<byte> data, Instant now)
    {
        if (allocation.Relayed is null || peer.Port == 0 || !allocation.IsPermitted(peer.Address, now) || !IsAllowed(peer) || !allocation.TryTake(data.Length, now))
        {
            Dropped++;
            return default;
        }
        RelayedBytes += data.Length;
        return TurnAction.ToPeer(allocation.Relay, peer, data);
    }

    private bool IsAllowed(IPEndPoint peer) => !_policy.IsOwn(peer.Address) || _relayed.Contains(peer);

    private void End(TurnAllocation allocation)
    {
        _byClient.Remove(allocation.Client);
        _byRelay.Remove(allocation.Relay);
        if (allocation.Relayed is not null)
            _relayed.Remove(allocation.Relayed);
        _events.Enqueue(new TurnRelayEnded(allocation.Relay));
    }
}
