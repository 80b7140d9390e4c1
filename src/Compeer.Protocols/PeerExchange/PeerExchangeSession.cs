using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PeerExchange;

/// <summary>
/// Peer exchange with one connected peer: tells it whom we are connected to, as changes since the last message, and takes
/// what it tells us, within bounds. Single-threaded; never throws on what the remote sends; ends in <see cref="Closed"/>.
/// Memory: see <see cref="PeerExchangeOptions"/>. Not to be made for private torrents.
/// </summary>
/// <remarks>
/// Spec: BEP 11. DEVIATION: peers that we recently left are not told of, which the BEP allows but does not ask for.
/// </remarks>
public sealed class PeerExchangeSession
{
    private readonly PeerExchangeOptions _options;
    private readonly ConnectedPeers _connected;
    private readonly AddressReach _reach;
    private readonly HashSet<IPEndPoint> _told = [];
    private readonly HashSet<IPEndPoint> _kept = [];
    private readonly Queue<ImmutableArray<ExchangedPeer>> _events = new();
    private Instant _nextSend;
    private Instant _nextReceive;
    private long _seenVersion = -1;
    private bool _isUpToDate;
    private bool _hasSent;
    private int _offences;

    /// <param name="options">Bounds and timers.</param>
    /// <param name="connected">Whom we are connected to; its owner changes it.</param>
    /// <param name="remote">The remote's address.</param>
    /// <param name="now">Now; the first message may go at once.</param>
    public PeerExchangeSession(PeerExchangeOptions options, ConnectedPeers connected, IPAddress remote, Instant now)
    {
        _options = options;
        _connected = connected;
        _reach = AddressReaches.Of(remote);
        _nextSend = _nextReceive = now;
    }

    /// <summary>Where the remote itself listens, when known: it need not be told.</summary>
    public IPEndPoint? RemoteListens { get; set; }

    /// <summary>Peers of the remote that we keep.</summary>
    public int Kept => _kept.Count;

    /// <summary>Why it ended, as a clause about the remote; null while it lives. The connection should end too.</summary>
    public string? Closed { get; private set; }

    /// <summary>When <see cref="TryTransmit"/> may have something to say.</summary>
    public Instant NextDeadline => Closed is not null || (_isUpToDate && _seenVersion == _connected.Version) ? Instant.Never : _nextSend;

    /// <summary>Takes a ut_pex message's payload.</summary>
    public void Receive(ReadOnlySpan<byte> payload, Instant now)
    {
        if (Closed is not null)
            return;
        if (now < _nextReceive)
        {
            Offend("it exchanges peers far more often than once a minute");
            return;
        }
        // Parsed from a copy of its own: the bytes belong to the connection's buffer.
        if (payload.Length > PeerExchangeCodec.MaxLengthBytes
            || !PeerExchangeCodec.TryRead(payload.ToArray(), out PeerExchangeMessage? message, out int named) || named > _options.MaxNamed)
        {
            Offend("its peer exchange messages are malformed or name far too many peers");
            return;
        }
        _offences = Math.Max(0, _offences - 1);
        _nextReceive = now + _options.TheirInterval;
        foreach (IPEndPoint gone in message.Dropped)
            _kept.Remove(gone);
        Keep(message.Added);
    }

    /// <summary>Writes the next message's payload; false when there is nothing to tell yet.</summary>
    public bool TryTransmit(IBufferWriter<byte> output, Instant now)
    {
        if (now < NextDeadline)
            return false;
        _seenVersion = _connected.Version;
        _isUpToDate = true;
        PeerExchangeMessage message = Changes();
        if (message.Added.IsEmpty && message.Dropped.IsEmpty)
            return false;
        foreach (IPEndPoint gone in message.Dropped)
            _told.Remove(gone);
        foreach (ExchangedPeer peer in message.Added)
            _told.Add(peer.EndPoint);
        PeerExchangeCodec.Write(output, message);
        _hasSent = true;
        _nextSend = now + _options.Interval;
        return true;
    }

    /// <summary>Takes the peers that the remote named, those only that may be dialled on its word.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out IReadOnlyList<ExchangedPeer>? named)
    {
        bool any = _events.TryDequeue(out ImmutableArray<ExchangedPeer> peers);
        named = any ? peers : null;
        return any;
    }

    private PeerExchangeMessage Changes()
    {
        int room = _hasSent ? _options.MaxAdded : _options.MaxFirst;
        IPEndPoint[] gone = [.. _told.Where(p => !_connected.Contains(p)).Take(_options.MaxAdded)];
        room = Math.Min(room, _options.MaxTold - (_told.Count - gone.Length));
        ExchangedPeer[] fresh = [.. _connected.All.Where(MayTell).Take(Math.Max(0, room + 1))];
        // What did not fit is told a minute later, without waiting for another change.
        _isUpToDate = fresh.Length <= room && gone.Length < _options.MaxAdded;
        return new PeerExchangeMessage([.. fresh.Take(Math.Max(0, room))], [.. gone]);
    }

    /// <summary>Addresses of a local network mean nothing outside it, and are nobody's business there.</summary>
    private bool MayTell(ExchangedPeer peer) =>
        !_told.Contains(peer.EndPoint) && !peer.EndPoint.Equals(RemoteListens) && AddressReaches.Of(peer.EndPoint.Address) >= _reach;

    private void Keep(ImmutableArray<ExchangedPeer> added)
    {
        var fresh = new List<ExchangedPeer>();
        foreach (ExchangedPeer peer in added)
        {
            AddressReach reach = AddressReaches.Of(peer.EndPoint.Address);
            // Several ports of one address in one peer's mouth are how a victim is named; on this machine they are how tests run.
            bool repeats = reach != AddressReach.Loopback && (_kept.Any(k => k.Address.Equals(peer.EndPoint.Address)) && !_kept.Contains(peer.EndPoint));
            if (reach < _reach || repeats || _kept.Count >= _options.MaxKept || !_kept.Add(peer.EndPoint))
                continue;
            fresh.Add(peer);
        }
        if (fresh.Count > 0)
            _events.Enqueue([.. fresh]);
    }

    private void Offend(string reason)
    {
        if (++_offences > _options.MaxOffences)
            Closed = reason;
    }
}
