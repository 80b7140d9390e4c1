using System.Net;
using Compeer.Protocols.RateLimiting;
using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>One client's port at a relay, with its permissions and channels.</summary>
internal sealed class TurnAllocation
{
    private const long MinBurstBytes = 128 * 1024;

    private readonly TurnServerOptions _options;
    private readonly Dictionary<IPAddress, Instant> _permissions = [];
    private readonly Dictionary<ushort, Channel> _byNumber = [];
    private readonly Dictionary<IPEndPoint, Channel> _byPeer = [];
    private readonly TokenBucket _bandwidth;

    public TurnAllocation(TurnServerOptions options, int relay, IPEndPoint client, string user, byte[] key, bool isV6)
    {
        _options = options;
        Relay = relay;
        Client = client;
        User = user;
        Key = key;
        IsV6 = isV6;
        _bandwidth = new TokenBucket(options.BytesPerSecond, Math.Max(MinBurstBytes, options.BytesPerSecond / 4));
    }

    public int Relay { get; }

    public IPEndPoint Client { get; }

    public string User { get; }

    public byte[] Key { get; }

    public bool IsV6 { get; }

    /// <summary>The request that made it: the same one again gets the same answer.</summary>
    public StunTransactionId AllocatedBy { get; init; }

    /// <summary>Null while the driver opens the port.</summary>
    public IPEndPoint? Relayed { get; set; }

    public TimeSpan Lifetime { get; set; }

    public Instant Expires { get; set; }

    /// <summary>Whether the bandwidth allows a payload; counts it.</summary>
    public bool TryTake(int bytes, Instant now)
    {
        if (_bandwidth.Available(now) < bytes)
            return false;
        _bandwidth.Take(bytes, now);
        return true;
    }

    public bool IsPermitted(IPAddress peer, Instant now) => _permissions.TryGetValue(peer, out Instant expires) && now < expires;

    /// <summary>False when there are too many.</summary>
    public bool TryPermit(IPAddress peer, Instant now)
    {
        if (!_permissions.ContainsKey(peer) && _permissions.Count >= _options.MaxPermissions)
        {
            foreach ((IPAddress old, Instant expires) in _permissions)
            {
                if (now >= expires)
                    _permissions.Remove(old);
            }
            if (_permissions.Count >= _options.MaxPermissions)
                return false;
        }
        _permissions[peer] = now + _options.PermissionLifetime;
        return true;
    }

    /// <summary>The peer of a live channel.</summary>
    public IPEndPoint? PeerOf(ushort number, Instant now) => _byNumber.TryGetValue(number, out Channel? channel) && now < channel.Expires ? channel.Peer : null;

    /// <summary>The number of a peer's live channel; 0 without one.</summary>
    public ushort ChannelOf(IPEndPoint peer, Instant now) =>
        _byPeer.TryGetValue(peer, out Channel? channel) && now < channel.Expires ? channel.Number : (ushort)0;

    /// <summary>Binds or renews; gives the error, 0 for none.</summary>
    public int Bind(ushort number, IPEndPoint peer, Instant now)
    {
        if (_byNumber.Count >= _options.MaxChannels)
            ForgetExpiredChannels(now);
        Forget(_byNumber.GetValueOrDefault(number), now);
        Forget(_byPeer.GetValueOrDefault(peer), now);
        bool known = _byNumber.TryGetValue(number, out Channel? byNumber) | _byPeer.TryGetValue(peer, out Channel? byPeer);
        if (byNumber != byPeer)
            return StunError.BadRequest;
        if (!known && _byNumber.Count >= _options.MaxChannels)
            return StunError.InsufficientCapacity;
        if (!TryPermit(peer.Address, now))
            return StunError.InsufficientCapacity;
        Channel channel = byNumber ?? new Channel(number, peer);
        channel.Expires = now + _options.ChannelLifetime;
        _byNumber[number] = channel;
        _byPeer[peer] = channel;
        return 0;
    }

    private void ForgetExpiredChannels(Instant now)
    {
        foreach (Channel channel in _byNumber.Values.ToArray())
            Forget(channel, now);
    }

    private void Forget(Channel? channel, Instant now)
    {
        if (channel is null || now < channel.Expires)
            return;
        _byNumber.Remove(channel.Number);
        _byPeer.Remove(channel.Peer);
    }

    private sealed class Channel(ushort number, IPEndPoint peer)
    {
        public ushort Number { get; } = number;

        public IPEndPoint Peer { get; } = peer;

        public Instant Expires { get; set; }
    }
}
