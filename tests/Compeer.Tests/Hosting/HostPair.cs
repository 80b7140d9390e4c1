using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Tests.Hosting;

/// <summary>Two hosts on loopback, one of which knows where the other listens.</summary>
internal sealed class HostPair : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly Multiaddr AnyPort = Multiaddr.Parse("/ip4/127.0.0.1/tcp/0");

    private HostPair(PeerHost dialer, PeerHost listener)
    {
        Dialer = dialer;
        Listener = listener;
        Dialer.AddAddresses(Listener.Id, Listener.Addresses);
    }

    public PeerHost Dialer { get; }

    public PeerHost Listener { get; }

    /// <summary>A bound against hanging, from now.</summary>
    public static CancellationToken Deadline() => new CancellationTokenSource(Limit).Token;

    /// <summary>Where the listener is, with its name.</summary>
    public Multiaddr Address => Listener.Addresses[0].With(Listener.Id);

    public static async Task<HostPair> StartAsync(PeerHostOptions? options = null, PeerHostOptions? dialer = null) =>
        new(await PeerHost.StartAsync(dialer ?? new()), await PeerHost.StartAsync((options ?? new()) with { Listen = [AnyPort] }));

    public async ValueTask DisposeAsync()
    {
        await Dialer.DisposeAsync();
        await Listener.DisposeAsync();
    }
}
