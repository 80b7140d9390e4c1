using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Network.CircuitRelay;

/// <summary>
/// Keeps places at relays for a host that strangers cannot dial, among those that it is told of and connected peers that offer to relay;
/// gives them up when the host is found public. Thread-safe.
/// </summary>
public sealed class AutoRelayService : IAsyncDisposable
{
    private const int MaxResting = 256;

    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(30);

    private readonly PeerHost _host;
    private readonly AutoRelayOptions _options;
    private readonly TaskScope _scope = new();
    private readonly WakeSignal _changed = new();
    private readonly Dictionary<PeerId, Instant> _restsUntil = [];
    private volatile IReadOnlyList<RelayReservation> _places = [];

    private AutoRelayService(PeerHost host, AutoRelayOptions options)
    {
        _host = host;
        _options = options;
    }

    /// <summary>The relays at which the host has a place now.</summary>
    public IReadOnlyList<PeerId> Relays => [.. _places.Where(p => p.IsHeld).Select(p => p.Relay)];

    /// <summary>Begins to look.</summary>
    public static AutoRelayService Start(PeerHost host, AutoRelayOptions? options = null)
    {
        var service = new AutoRelayService(host, options ?? new());
        foreach (Multiaddr relay in service._options.Relays)
            host.AddAddresses(relay.PeerId ?? throw new ArgumentException($"{relay} does not name its relay at the end.", nameof(options)), [relay]);
        host.Identified += service.OnChanged;
        host.Disconnected += service.OnChanged;
        host.ReachabilityChanged += service.OnReachabilityChanged;
        service._scope.TryRun(service.RunAsync);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Identified -= OnChanged;
        _host.Disconnected -= OnChanged;
        _host.ReachabilityChanged -= OnReachabilityChanged;
        await _scope.DisposeAsync();
        foreach (RelayReservation place in _places)
            await place.DisposeAsync();
    }

    private void OnChanged(HostConnection connection) => _changed.Set();

    private void OnReachabilityChanged(HostReachability reachability) => _changed.Set();

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await DropAsync();
                if (IsWanted)
                    await ReserveAsync(cancellationToken);
                await _changed.WaitAsync(LookPause, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private bool IsWanted => _options.Always || _host.Reachability == HostReachability.Private;

    /// <summary>Gives up places that were lost, and all when none is wanted.</summary>
    private async Task DropAsync()
    {
        foreach (RelayReservation place in _places.Where(p => !IsWanted || !p.IsHeld).ToArray())
        {
            _places = [.. _places.Where(p => p != place)];
            Rest(place.Relay);
            await place.DisposeAsync();
        }
    }

    private async Task ReserveAsync(CancellationToken cancellationToken)
    {
        foreach (PeerId relay in Candidates())
        {
            if (_places.Count >= _options.Count)
                return;
            try
            {
                _places = [.. _places, await RelayReservation.ReserveAsync(_host, relay, cancellationToken)];
            }
            catch (Exception e) when (e is IOException or InvalidDataException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                Rest(relay);
            }
        }
    }

    private PeerId[] Candidates()
    {
        Instant now = MonotonicClock.Now;
        IEnumerable<PeerId> offering = _host.Connections
            .Where(c => c.Path != ConnectionPath.Relayed && c.Remote?.Protocols.Contains(CircuitMessage.HopProtocol) == true)
            .Select(c => c.RemotePeer);
        return
        [
            .. _options.Relays.Select(r => r.PeerId!.Value).Concat(offering).Distinct()
                .Where(r => _places.All(p => p.Relay != r) && !(_restsUntil.TryGetValue(r, out Instant until) && until > now)),
        ];
    }

    private void Rest(PeerId relay)
    {
        if (_restsUntil.Count >= MaxResting)
            _restsUntil.Remove(_restsUntil.MinBy(r => r.Value).Key);
        _restsUntil[relay] = MonotonicClock.Now + _options.Rest;
    }
}
