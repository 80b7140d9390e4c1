using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.Stun;

namespace Compeer.Network.Stun;

/// <summary>
/// The one place that knows our public addresses: counts what STUN servers, the router, trackers, DHT nodes and peers say. Asks the STUN
/// servers that a person named, now and then, and answers other peers who ask us. Uses a shared UDP port, to which it is
/// added before uTP. Thread-safe.
/// </summary>
public sealed class PublicAddressService : IDatagramReceiver, IAsyncDisposable
{
    // Votes live an hour.
    private static readonly TimeSpan AskPause = TimeSpan.FromMinutes(20);

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<DnsEndPoint> _servers;
    private readonly AddressFamily _family;
    private readonly StunServer _answers;
    private readonly Lock _lock = new();
    private readonly PublicAddressVotes _v4 = new(isV6: false);
    private readonly PublicAddressVotes _v6 = new(isV6: true);
    private readonly TaskScope _scope = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile PublicAddresses _current = PublicAddresses.None;

    private PublicAddressService(UdpEndpoint endpoint, IReadOnlyList<DnsEndPoint> servers)
    {
        _servers = servers;
        _family = endpoint.LocalEndPoint.Address.Equals(IPAddress.IPv6Any) ? AddressFamily.Unspecified : endpoint.LocalEndPoint.AddressFamily;
        Stun = new StunClient(endpoint);
        _answers = new StunServer(endpoint);
    }

    /// <summary>Asks from the shared port.</summary>
    public StunClient Stun { get; }

    /// <summary>What is believed now.</summary>
    public PublicAddresses Current => _current;

    /// <summary>Starts on an endpoint, to which the caller adds it as a receiver.</summary>
    /// <param name="endpoint">The shared port, not owned; it outlives the service.</param>
    /// <param name="servers">STUN servers that a person named; none asks nobody.</param>
    public static PublicAddressService Start(UdpEndpoint endpoint, IReadOnlyList<DnsEndPoint> servers)
    {
        var service = new PublicAddressService(endpoint, servers);
        service._scope.TryRun(service.RunAsync);
        return service;
    }

    /// <summary>Completes when each STUN server has been asked once, whatever came of it.</summary>
    public Task AskedAsync(CancellationToken cancellationToken) => _asked.Task.WaitAsync(cancellationToken);

    /// <summary>Takes what somebody says about our address: see <see cref="PublicAddressVotes.Take"/>.</summary>
    public void Vote(IPAddress voter, IPAddress claimed, int? udpPort, AddressWitness witness)
    {
        lock (_lock)
        {
            PublicAddressVotes votes = claimed.AddressFamily == AddressFamily.InterNetworkV6 && !claimed.IsIPv4MappedToIPv6 ? _v6 : _v4;
            if (votes.Take(voter, claimed, udpPort, witness, MonotonicClock.Now))
                _current = new PublicAddresses(_v4.Winner, _v6.Winner);
        }
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from) => Stun.TryReceive(datagram, from) || _answers.TryReceive(datagram, from);

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        await Stun.DisposeAsync();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                bool[] answered = await Task.WhenAll(_servers.Select(server => AskAsync(server, cancellationToken)));
                _asked.TrySetResult();
                await Task.Delay(answered.All(a => a) ? AskPause : RetryPause, cancellationToken);
                Expire();
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private async Task<bool> AskAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        IPEndPoint[] addresses = await StunServers.ResolveAsync(server, _family, cancellationToken);
        StunBindingOutcome[] outcomes = await Task.WhenAll(addresses.Select(a => Stun.AskAsync(new StunBindingRequest(a), StunTransactionOptions.Brief, cancellationToken)));
        foreach (StunBindingOutcome outcome in outcomes.Where(o => o.Answer is not null))
            Vote(outcome.Request.Server.Address, outcome.Answer!.Mapped.Address, outcome.Answer.Mapped.Port, AddressWitness.Stun);
        return outcomes.Any(o => o.Answer is not null);
    }

    private void Expire()
    {
        lock (_lock)
        {
            if (_v4.Expire(MonotonicClock.Now) | _v6.Expire(MonotonicClock.Now))
                _current = new PublicAddresses(_v4.Winner, _v6.Winner);
        }
    }
}
