using System.Diagnostics.CodeAnalysis;
using System.Net;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>Permissions, channels and the datagrams of peers.</summary>
public sealed partial class TurnClientSession
{
    /// <summary>What a Send indication adds to a datagram: header, peer's address, the head of DATA and its padding.</summary>
    public const int MaxOverheadBytes = StunMessage.HeaderBytes + 4 + StunAddressCodec.MaxBytes + 4 + 3;

    private readonly Dictionary<IPAddress, Permission> _permissions = [];
    private readonly Dictionary<IPEndPoint, Channel> _channels = [];
    private readonly Dictionary<ushort, Channel> _byNumber = [];
    private ushort _nextNumber = TurnChannelData.FirstNumber;

    private Instant NextPeerDeadline
    {
        get
        {
            Instant next = Instant.Never;
            if (_state != State.Allocated)
                return next;
            foreach (Permission permission in _permissions.Values)
                next = permission.IsAsked ? next : Instant.Min(next, permission.Due);
            foreach (Channel channel in _channels.Values)
                next = channel.IsAsked ? next : Instant.Min(next, channel.Due);
            return next;
        }
    }

    /// <summary>
    /// Lets an address send to us, and keeps that up until <see cref="Forbid"/>; may be called before the allocation is there.
    /// False when too many addresses are let through. Told by <see cref="TurnPermitted"/> or <see cref="TurnNotPermitted"/>.
    /// </summary>
    public bool Permit(IPAddress peer, Instant now)
    {
        if (!TryPermit(peer, now, out Permission? permission))
            return false;
        permission.IsPinned = true;
        if (permission.IsGranted)
            _events.Enqueue(new TurnPermitted(peer));
        else if (permission.IsRefused)
            _events.Enqueue(new TurnNotPermitted(peer, $"The relay {Server} refused {peer} a short while ago."));
        return true;
    }

    /// <summary>
    /// Lets an address send to us as long as it is used, or welcomed again; it may take the place of the one that was used the
    /// longest time ago. Nothing is told of it.
    /// </summary>
    public void Welcome(IPAddress peer, Instant now)
    {
        if (!_permissions.ContainsKey(peer) && _permissions.Count >= _options.MaxPermissions
            && _permissions.Values.Where(p => !p.IsPinned).MinBy(p => p.LastUsed) is { } oldest && now - oldest.LastUsed > _options.MinPermissionTime)
            Forbid(oldest.Peer);
        if (TryPermit(peer, now, out Permission? permission))
            permission.LastUsed = now;
    }

    /// <summary>Lets a permission end: it is not renewed.</summary>
    public void Forbid(IPAddress peer)
    {
        _permissions.Remove(peer);
        foreach (Channel channel in _channels.Values.Where(c => c.Peer.Address.Equals(peer)).ToArray())
            Drop(channel);
    }

    /// <summary>Whether datagrams of an address come through.</summary>
    public bool IsPermitted(IPAddress peer) => _permissions.TryGetValue(peer, out Permission? permission) && permission.IsGranted;

    /// <summary>
    /// Wraps a datagram for the relay to pass on; gives the length in <paramref name="output"/>, which has room for
    /// <see cref="MaxOverheadBytes"/> more than the datagram. 0 when it cannot be relayed. The first to a new address asks for
    /// permission, and what the relay receives before that is lost, as datagrams may be.
    /// </summary>
    public int Wrap(ReadOnlySpan<byte> data, IPEndPoint peer, Span<byte> output, Instant now)
    {
        if (_state != State.Allocated || data.Length > ushort.MaxValue - MaxOverheadBytes || StunAddressCodec.IsV6(peer.Address) != StunAddressCodec.IsV6(Relayed!.Address)
            || !TryPermit(peer.Address, now, out Permission? permission) || permission.IsRefused)
            return 0;
        permission.LastUsed = _wrappedAt = now;
        _keepAliveDue = now + _options.KeepAlive;
        if (_channels.TryGetValue(peer, out Channel? channel))
        {
            channel.LastUsed = now;
            if (channel.IsBound)
                return TurnChannelData.Write(output, channel.Number, data);
        }
        else if (permission.IsGranted)
        {
            BindChannel(peer, now);
        }
        var writer = new StunMessageWriter(output, StunClass.Indication, StunMethod.Send, StunTransactionId.Next(_random));
        writer.AddXorAddress(StunAttributeType.XorPeerAddress, peer);
        writer.Add(StunAttributeType.Data, data);
        return writer.Length;
    }

    private bool TryPermit(IPAddress peer, Instant now, [NotNullWhen(true)] out Permission? permission)
    {
        if (_permissions.TryGetValue(peer, out permission))
            return true;
        if (_state is State.Closed or State.Releasing || _permissions.Count >= _options.MaxPermissions)
            return false;
        _permissions.Add(peer, permission = new Permission(peer) { Due = now, LastUsed = now });
        return true;
    }

    private void BindChannel(IPEndPoint peer, Instant now)
    {
        // A number may not be given to another peer soon after; so each is used once.
        if (_channels.Count >= _options.MaxChannels || _nextNumber > TurnChannelData.LastNumber)
            return;
        var channel = new Channel(_nextNumber++, peer) { Due = now, LastUsed = now };
        _channels.Add(peer, channel);
        _byNumber.Add(channel.Number, channel);
    }

    private void WorkOnPeers(Instant now)
    {
        foreach (Channel channel in _channels.Values.Where(c => !c.IsAsked && now >= c.Due).ToArray())
        {
            if (now - channel.LastUsed > _options.IdleTimeout)
            {
                Drop(channel);
            }
            else if (_pending.Count < _options.MaxPending)
            {
                channel.IsAsked = true;
                Ask(Purpose.Channel, channel.Peer, 0, now);
            }
        }
        foreach (Permission permission in _permissions.Values.Where(p => !p.IsAsked && now >= p.Due).ToArray())
        {
            if (permission.IsRefused || (!permission.IsPinned && now - permission.LastUsed > _options.IdleTimeout))
            {
                _permissions.Remove(permission.Peer);
            }
            else if (_pending.Count < _options.MaxPending)
            {
                permission.IsAsked = true;
                Ask(Purpose.Permission, new IPEndPoint(permission.Peer, 0), 0, now);
            }
        }
    }

    private void OnPermitted(IPAddress peer, Instant now)
    {
        if (!_permissions.TryGetValue(peer, out Permission? permission))
            return;
        permission.IsAsked = false;
        permission.Due = now + _options.PermissionRenewal;
        if (!permission.IsGranted)
            _events.Enqueue(new TurnPermitted(peer));
        permission.IsGranted = true;
    }

    private void OnBound(IPEndPoint peer, Instant now)
    {
        if (!_channels.TryGetValue(peer, out Channel? channel))
            return;
        channel.IsAsked = false;
        channel.IsBound = true;
        channel.Due = now + _options.ChannelRenewal;
    }

    private void OnPeerRefused(Pending pending, string why, Instant now)
    {
        IPEndPoint peer = pending.Peer!;
        if (pending.Purpose == Purpose.Channel)
        {
            // Without a channel it goes on by indications; another try comes when the wait is over.
            if (_channels.TryGetValue(peer, out Channel? channel))
            {
                channel.IsAsked = channel.IsBound = false;
                channel.Due = now + _options.ChannelRenewal;
            }
        }
        else if (_permissions.TryGetValue(peer.Address, out Permission? permission))
        {
            // Remembered for a while, so that not every datagram asks anew.
            permission.IsAsked = permission.IsGranted = false;
            permission.IsRefused = true;
            permission.Due = now + _options.PermissionRenewal;
            _events.Enqueue(new TurnNotPermitted(peer.Address, $"The relay {Server} lets nothing through from {peer.Address}: {why}."));
        }
    }

    private void Drop(Channel channel)
    {
        _channels.Remove(channel.Peer);
        _byNumber.Remove(channel.Number);
    }

    private TurnReceived ReceiveChannelData(ReadOnlySpan<byte> datagram, Instant now, out ReadOnlySpan<byte> data, [MaybeNull] out IPEndPoint peer)
    {
        peer = null;
        if (!TurnChannelData.TryRead(datagram, out ushort number, out data) || !_byNumber.TryGetValue(number, out Channel? channel))
            return TurnReceived.Taken;
        channel.LastUsed = now;
        peer = channel.Peer;
        return TurnReceived.Data;
    }

    private TurnReceived ReceiveIndication(StunMessage message, Instant now, out ReadOnlySpan<byte> data, [MaybeNull] out IPEndPoint peer)
    {
        if (!message.TryGet(StunAttributeType.Data, out data) || !message.TryGetXorAddress(StunAttributeType.XorPeerAddress, out peer)
            || !_permissions.TryGetValue(peer.Address, out Permission? permission))
        {
            peer = null;
            return TurnReceived.Taken;
        }
        permission.LastUsed = now;
        return TurnReceived.Data;
    }

    private sealed class Permission(IPAddress peer)
    {
        public IPAddress Peer { get; } = peer;

        public bool IsPinned { get; set; }

        public bool IsGranted { get; set; }

        public bool IsRefused { get; set; }

        public bool IsAsked { get; set; }

        public Instant Due { get; set; }

        public Instant LastUsed { get; set; }
    }

    private sealed class Channel(ushort number, IPEndPoint peer)
    {
        public ushort Number { get; } = number;

        public IPEndPoint Peer { get; } = peer;

        public bool IsBound { get; set; }

        public bool IsAsked { get; set; }

        public Instant Due { get; set; }

        public Instant LastUsed { get; set; }
    }
}
