using Compeer.Protocols.Stun;

namespace Compeer.Protocols.Turn;

/// <summary>A name and password at a relay.</summary>
public sealed record TurnCredentials(string Username, string Password);

/// <summary>
/// Times and limits of a relay's client. Worst case: 200 bytes for each permission, 300 for each channel, 1 KB for each request
/// under way: 150 KB with the defaults.
/// </summary>
public sealed record TurnClientOptions
{
    /// <summary>The lifetime asked for; the server decides.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Permissions last 5 minutes and are renewed after this.</summary>
    public TimeSpan PermissionRenewal { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Channels last 10 minutes, the permissions that they bring 5; both are renewed after this.</summary>
    public TimeSpan ChannelRenewal { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>A NAT between us and the relay forgets us after silence; a Binding indication of 20 bytes goes out after this.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A permission or channel not used for this long is let go, unless it was asked for by name.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Silence of the relay, although we sent something, after which it is asked whether the allocation is still there.</summary>
    public TimeSpan Doubt { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same when we sent nothing.</summary>
    public TimeSpan IdleDoubt { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A welcomed address keeps its permission for this long even when others want its place.</summary>
    public TimeSpan MinPermissionTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Addresses that may send to us.</summary>
    public int MaxPermissions { get; init; } = 256;

    /// <summary>Peers with a channel, which costs 4 bytes a datagram instead of 36.</summary>
    public int MaxChannels { get; init; } = 128;

    /// <summary>Requests under way at once.</summary>
    public int MaxPending { get; init; } = 16;

    /// <summary>Times of a request.</summary>
    public StunTransactionOptions Transaction { get; init; } = new();
}
