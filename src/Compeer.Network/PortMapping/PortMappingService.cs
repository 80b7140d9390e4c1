using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Network.Connections;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.PortMapping;

/// <summary>
/// Keeps a port reachable from outside: finds the router, has the port mapped for TCP and UDP by the way that the router speaks,
/// renews, follows when the machine moves to another network, and removes the mappings when disposed. Does nothing where there is
/// no router and on loopback. Thread-safe.
/// </summary>
/// <example><code>
/// await using PortMappingService mapping = PortMappingService.Start(6881, new PortMappingOptions { Changed = Show });
/// </code></example>
public sealed class PortMappingService : IAsyncDisposable
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly int _port;
    private readonly PortMappingOptions _options;
    private readonly byte[] _nonceKey;
    private readonly TaskScope _scope = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<AddressFamily, PortMapperStatus> _routers = [];
    private readonly HashSet<AddressFamily> _looked = [];
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PortMappingStatus _status = PortMappingStatus.Unknown;

    private PortMappingService(int port, PortMappingOptions options)
    {
        _port = port;
        _options = options;
        _nonceKey = options.NonceKey.IsEmpty ? RandomNumberGenerator.GetBytes(32) : options.NonceKey.ToArray();
    }

    /// <summary>The state now.</summary>
    public PortMappingStatus Status
    {
        get
        {
            lock (_lock)
                return _status;
        }
    }

    /// <summary>Begins in the background.</summary>
    /// <param name="port">The port that we listen at, TCP and UDP.</param>
    /// <param name="options">Where and how.</param>
    public static PortMappingService Start(int port, PortMappingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        var service = new PortMappingService(port, options);
        foreach (AddressFamily family in Families)
            service._scope.TryRun(token => service.RunAsync(family, token));
        return service;
    }

    /// <summary>Completes when the first try is over, well or badly: at once where there is no router, within some 10 s where it is silent.</summary>
    public Task SettledAsync(CancellationToken cancellationToken) => _settled.Task.WaitAsync(cancellationToken);

    /// <summary>Removes the mappings, for at most two seconds, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        _settled.TrySetResult();
    }

    private bool MayMap(AddressFamily family) => _options.Bind is not { } bind
        || bind.Equals(IPAddress.Any) && family == AddressFamily.InterNetwork
        || bind.Equals(IPAddress.IPv6Any)
        || (bind.AddressFamily == family && !IPAddress.IsLoopback(bind));

    /// <summary>One family: a driver for each network that the machine is in, one after the other.</summary>
    private async Task RunAsync(AddressFamily family, CancellationToken cancellationToken)
    {
        IPAddress? bind = _options.Bind is { } own && !own.Equals(IPAddress.Any) && !own.Equals(IPAddress.IPv6Any) ? own : null;
        while (!cancellationToken.IsCancellationRequested)
        {
            GatewayLink? link = MayMap(family) ? GatewayFinder.Find(family, bind) : null;
            if (link is null)
            {
                Tell(family, null);
                if (!MayMap(family) || !await PauseAsync(cancellationToken))
                    return;
                continue;
            }
            using var moved = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task watch = WatchAsync(family, bind, link, moved);
            await DriveAsync(family, link, moved.Token);
            await moved.CancelAsync();
            await watch;
        }
    }

    private async Task DriveAsync(AddressFamily family, GatewayLink link, CancellationToken cancellationToken)
    {
        var mapper = new PortMapper(_options.Mapper, link.Link, _port, _nonceKey, SecureRandom.Instance);
        Tell(family, mapper.Describe());
        try
        {
            using var driver = new PortMapperDriver(mapper, link, _options.HttpTimeout, status => Tell(family, status));
            await driver.RunAsync(cancellationToken);
        }
        catch (SocketException)
        {
            // Our address has just gone: look again.
            Tell(family, null);
            await PauseAsync(cancellationToken);
        }
    }

    /// <summary>Ends the driver when the router or our address is another.</summary>
    private async Task WatchAsync(AddressFamily family, IPAddress? bind, GatewayLink link, CancellationTokenSource moved)
    {
        while (await PauseAsync(moved.Token))
        {
            if (GatewayFinder.Find(family, bind) != link)
                await moved.CancelAsync();
        }
    }

    private async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(_options.LinkCheckInterval, cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Tell(AddressFamily family, PortMapperStatus? router)
    {
        PortMappingStatus status;
        lock (_lock)
        {
            bool isNews = _looked.Add(family) | (router is null ? _routers.Remove(family) : !router.Equals(_routers.GetValueOrDefault(family)));
            if (!isNews)
                return;
            if (router is not null)
                _routers[family] = router;
            var routers = new List<PortMapperStatus>(Families.Length);
            foreach (AddressFamily known in Families)
            {
                if (_routers.TryGetValue(known, out PortMapperStatus? found))
                    routers.Add(found);
            }
            _status = status = new PortMappingStatus([.. routers], _looked.Count < Families.Length);
        }
        if (status.IsSettled)
            _settled.TrySetResult();
        _options.Changed?.Invoke(status);
    }
}
