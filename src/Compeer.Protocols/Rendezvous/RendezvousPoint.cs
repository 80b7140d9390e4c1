using System.Buffers.Binary;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.Rendezvous;

/// <summary>Bounds of a rendezvous point. Worst case: <see cref="MaxBytes"/>, and 300 bytes more a registration.</summary>
public sealed record RendezvousLimits
{
    /// <summary>The longest namespace in bytes.</summary>
    public int MaxNamespaceBytes { get; init; } = 255;

    /// <summary>The longest signed record.</summary>
    public int MaxRecordBytes { get; init; } = 4096;

    /// <summary>Registrations of one peer.</summary>
    public int MaxOfPeer { get; init; } = 1000;

    /// <summary>Registrations in all.</summary>
    public int MaxRegistrations { get; init; } = 16_384;

    /// <summary>Bytes of all signed records.</summary>
    public long MaxBytes { get; init; } = 16 << 20;

    /// <summary>Registrations of one answer.</summary>
    public int MaxAnswer { get; init; } = RendezvousMessage.MaxRegistrations;

    /// <summary>Bytes of signed records of one answer.</summary>
    public int MaxAnswerBytes { get; init; } = 256 * 1024;

    /// <summary>How long a registration lasts where its peer does not say.</summary>
    public TimeSpan DefaultTtl { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The shortest that a peer may ask for.</summary>
    public TimeSpan MinTtl { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The longest that a peer may ask for.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromHours(72);
}

/// <summary>
/// Keeps which peers are in which namespaces, as they say themselves, and tells who asks. A cookie says how far an answer went, so that the next one goes
/// on from there. Single-threaded; never throws on what comes from others. Bounds in <see cref="RendezvousLimits"/>.
/// </summary>
/// <remarks>Spec: libp2p/specs rendezvous/README.md. DEVIATION: who disconnects is forgotten, not only whose time is over, so that nobody fills the place with identities that are gone.</remarks>
public sealed class RendezvousPoint
{
    private const int CookieBytes = 20;

    private readonly ISignatures _signatures;
    private readonly RendezvousLimits _limits;
    private readonly ulong _run;
    private readonly Dictionary<(PeerId Peer, string Namespace), Registration> _registrations = [];
    private readonly Dictionary<PeerId, int> _ofPeer = [];
    private readonly SortedDictionary<long, Registration> _all = [];
    private readonly Dictionary<string, SortedDictionary<long, Registration>> _namespaces = [];
    private long _last;
    private long _bytes;

    /// <param name="signatures">Checks records.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="random">Tells cookies of one run from those of another.</param>
    public RendezvousPoint(ISignatures signatures, RendezvousLimits limits, Random random) =>
        (_signatures, _limits, _run) = (signatures, limits, (ulong)random.NextInt64());

    /// <summary>Registrations that are kept.</summary>
    public int Count => _registrations.Count;

    /// <summary>When the next registration is over, if it is looked at then.</summary>
    public Instant NextDeadline => _all.Count == 0 ? Instant.Never : _all.Values.Min(r => r.Until);

    /// <summary>The answer to a message; null where none is wanted.</summary>
    public RendezvousMessage? Answer(PeerId from, RendezvousMessage message, Instant now)
    {
        switch (message.Type)
        {
            case RendezvousType.Register:
                (RendezvousStatus status, string text, TimeSpan ttl) = Register(from, message, now);
                return new RendezvousMessage(RendezvousType.RegisterResponse) { Status = status, StatusText = text, Seconds = (ulong)ttl.TotalSeconds };
            case RendezvousType.Unregister:
                if (_registrations.GetValueOrDefault((from, message.Namespace ?? "")) is { } ended)
                    Remove(ended);
                return null;
            case RendezvousType.Discover:
                return Discover(message, now);
            default:
                return null;
        }
    }

    /// <summary>A peer has no connection with us any more.</summary>
    public void OnDisconnected(PeerId peer)
    {
        foreach (Registration registration in _ofPeer.ContainsKey(peer) ? _all.Values.Where(r => r.Peer == peer).ToArray() : [])
            Remove(registration);
    }

    /// <summary>Drops what is over.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (Registration registration in _all.Values.Where(r => r.Until <= now).ToArray())
            Remove(registration);
    }

    private (RendezvousStatus Status, string Text, TimeSpan Ttl) Register(PeerId from, RendezvousMessage message, Instant now)
    {
        string name = message.Namespace ?? "";
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > _limits.MaxNamespaceBytes)
            return (RendezvousStatus.InvalidNamespace, $"A namespace has 1 to {_limits.MaxNamespaceBytes} bytes.", default);
        TimeSpan ttl = message.Seconds is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, uint.MaxValue)) : _limits.DefaultTtl;
        if (ttl < _limits.MinTtl || ttl > _limits.MaxTtl)
            return (RendezvousStatus.InvalidTtl, $"A registration lasts from {_limits.MinTtl.TotalSeconds:0} to {_limits.MaxTtl.TotalSeconds:0} s.", default);
        ReadOnlyMemory<byte> record = message.SignedPeerRecord;
        if (record.Length > _limits.MaxRecordBytes || !PeerRecord.TryOpen(record.Span, _signatures, out PeerRecord? opened) || opened.Peer != from)
            return (RendezvousStatus.InvalidSignedPeerRecord, "A peer registers itself, with a record that it signed.", default);
        if (_registrations.GetValueOrDefault((from, name)) is { } former)
            Remove(former);
        else if (_ofPeer.GetValueOrDefault(from) >= _limits.MaxOfPeer)
            return (RendezvousStatus.NotAuthorized, $"A peer has at most {_limits.MaxOfPeer} registrations.", default);
        if (_registrations.Count >= _limits.MaxRegistrations || _bytes + record.Length > _limits.MaxBytes)
            return (RendezvousStatus.Unavailable, "There is no room for more registrations now.", default);
        Add(new Registration(++_last, from, name, record.ToArray(), ttl, now + ttl));
        return (RendezvousStatus.Ok, "", ttl);
    }

    private RendezvousMessage Discover(RendezvousMessage message, Instant now)
    {
        string? name = message.Namespace is { Length: > 0 } given ? given : null;
        long after = 0;
        if (!message.Cookie.IsEmpty && !TryReadCookie(message.Cookie.Span, name, out after))
            return new RendezvousMessage(RendezvousType.DiscoverResponse) { Status = RendezvousStatus.InvalidCookie, StatusText = "The cookie is of another namespace or run; ask without one." };
        ulong limit = Math.Min(message.Limit is { } wanted and > 0 ? wanted : ulong.MaxValue, (ulong)_limits.MaxAnswer);
        var told = new List<RendezvousRegistration>();
        int bytes = 0;
        foreach (Registration registration in (name is null ? _all : _namespaces.GetValueOrDefault(name) ?? []).Values)
        {
            if (registration.Sequence <= after || registration.Until <= now)
                continue;
            bytes += registration.Record.Length;
            if ((ulong)told.Count >= limit || bytes > _limits.MaxAnswerBytes)
                break;
            told.Add(new RendezvousRegistration(registration.Namespace, registration.Record, (ulong)(registration.Until - now).TotalSeconds));
            after = registration.Sequence;
        }
        return new RendezvousMessage(RendezvousType.DiscoverResponse) { Registrations = told, Cookie = Cookie(name, after) };
    }

    private byte[] Cookie(string? name, long after)
    {
        byte[] cookie = new byte[CookieBytes];
        BinaryPrimitives.WriteUInt64BigEndian(cookie, _run);
        BinaryPrimitives.WriteInt64BigEndian(cookie.AsSpan(8), after);
        BinaryPrimitives.WriteUInt32BigEndian(cookie.AsSpan(16), Mark(name));
        return cookie;
    }

    private bool TryReadCookie(ReadOnlySpan<byte> cookie, string? name, out long after)
    {
        after = 0;
        if (cookie.Length != CookieBytes || BinaryPrimitives.ReadUInt64BigEndian(cookie) != _run || BinaryPrimitives.ReadUInt32BigEndian(cookie[16..]) != Mark(name))
            return false;
        after = BinaryPrimitives.ReadInt64BigEndian(cookie[8..]);
        return after >= 0;
    }

    private static uint Mark(string? name) => name is null ? 0 : (uint)Key256.HashOf(Encoding.UTF8.GetBytes(name)).First;

    private void Add(Registration added)
    {
        _registrations[(added.Peer, added.Namespace)] = added;
        _all[added.Sequence] = added;
        if (!_namespaces.TryGetValue(added.Namespace, out SortedDictionary<long, Registration>? inside))
            _namespaces[added.Namespace] = inside = [];
        inside[added.Sequence] = added;
        _ofPeer[added.Peer] = _ofPeer.GetValueOrDefault(added.Peer) + 1;
        _bytes += added.Record.Length;
    }

    private void Remove(Registration removed)
    {
        _registrations.Remove((removed.Peer, removed.Namespace));
        _all.Remove(removed.Sequence);
        SortedDictionary<long, Registration> inside = _namespaces[removed.Namespace];
        inside.Remove(removed.Sequence);
        if (inside.Count == 0)
            _namespaces.Remove(removed.Namespace);
        if (--_ofPeer[removed.Peer] == 0)
            _ofPeer.Remove(removed.Peer);
        _bytes -= removed.Record.Length;
    }

    private sealed record Registration(long Sequence, PeerId Peer, string Namespace, byte[] Record, TimeSpan Ttl, Instant Until);
}
