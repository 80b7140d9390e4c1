using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Network.Native;
using Compeer.Protocols.DomainNames;

namespace Compeer.Network.Bootstrapping;

/// <summary>Whom a host that knows nobody dials.</summary>
public sealed record BootstrapOptions
{
    /// <summary>Entry peers, each address with the peer's id at its end; one of /dnsaddr may leave it out and stands for any peer that it leads to.</summary>
    public IReadOnlyList<Multiaddr> Entries { get; init; } = [];

    /// <summary>Where peers that were reached are remembered for the next run; null for nowhere.</summary>
    public string? CachePath { get; init; }

    /// <summary>With so many peers connected nobody more is dialled.</summary>
    public int Wanted { get; init; } = 4;

    /// <summary>Dials at once.</summary>
    public int MaxDials { get; init; } = 4;

    /// <summary>Peers that are remembered, those reached last.</summary>
    public int MaxCached { get; init; } = 256;

    /// <summary>The first pause after a round that reached too few; each further one is twice as long.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Told of what could not be used, for a log.</summary>
    public Action<string>? Note { get; init; }
}

/// <summary>
/// Keeps a host in the network: while it has too few peers it dials those it reached in earlier runs, and only when these are not enough the entry
/// peers, so that those do not carry everybody. Only addresses that we dialled ourselves, and where the peer had its key, are remembered. Thread-safe.
/// </summary>
public sealed class BootstrapService : IAsyncDisposable
{
    private const int MaxCacheBytes = 256 * 1024;
    private static readonly TimeSpan SavePause = TimeSpan.FromMinutes(1);

    private readonly PeerHost _host;
    private readonly BootstrapOptions _options;
    private readonly TaskScope _scope = new();
    private readonly SemaphoreSlim _wanted = new(1);
    private readonly Lock _lock = new();
    private readonly LinkedList<Multiaddr> _cache = new();
    private bool _isChanged;

    private BootstrapService(PeerHost host, BootstrapOptions options)
    {
        (_host, _options) = (host, options);
        foreach (Multiaddr cached in Load(options).Take(options.MaxCached))
            _cache.AddLast(cached);
    }

    /// <summary>Peers that are remembered, those reached last first.</summary>
    public IReadOnlyList<Multiaddr> Cached
    {
        get
        {
            lock (_lock)
                return [.. _cache];
        }
    }

    /// <summary>Begins to dial.</summary>
    /// <exception cref="ArgumentException">An entry does not name its peer.</exception>
    public static BootstrapService Start(PeerHost host, BootstrapOptions options)
    {
        if (options.Entries.FirstOrDefault(e => e.PeerId is null && !DnsaddrExpansion.IsDnsaddr(e)) is { } nameless)
            throw new ArgumentException($"The entry {nameless} names no peer; add /p2p/ and the peer's id.", nameof(options));
        var service = new BootstrapService(host, options);
        host.Identified += service.OnIdentified;
        host.Disconnected += service.OnDisconnected;
        service._scope.TryRun(service.RunAsync);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Identified -= OnIdentified;
        _host.Disconnected -= OnDisconnected;
        await _scope.DisposeAsync();
        Save();
        _wanted.Dispose();
    }

    private int PeerCount => _host.Connections.Select(c => c.RemotePeer).Distinct().Count();

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan pause = _options.FirstPause;
        try
        {
            while (true)
            {
                await DialAsync(Cached, cancellationToken);
                await DialAsync(_options.Entries, cancellationToken);
                bool isEnough = PeerCount >= _options.Wanted;
                await _wanted.WaitAsync(isEnough ? SavePause : pause, cancellationToken);
                pause = isEnough ? _options.FirstPause : pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
                Save();
            }
        }
        catch (OperationCanceledException)
        {
            // The host ends.
        }
    }

    /// <summary>Dials one after the other, some at once, until there are enough.</summary>
    private Task DialAsync(IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        addresses, new ParallelOptions { MaxDegreeOfParallelism = _options.MaxDials, CancellationToken = cancellationToken }, async (address, token) =>
        {
            if (PeerCount >= _options.Wanted || address.PeerId == _host.Id)
                return;
            try
            {
                await _host.ConnectAsync(address, token);
            }
            catch (IOException)
            {
                // The next one is tried.
            }
        });

    private void OnDisconnected(HostConnection connection)
    {
        if (_wanted.CurrentCount == 0 && PeerCount < _options.Wanted)
            _wanted.Release();
    }

    private void OnIdentified(HostConnection connection)
    {
        // Where a relay led once says nothing of tomorrow: the place at the relay is gone by then.
        if (connection.IsIncoming || connection.Path == ConnectionPath.Relayed)
            return;
        Multiaddr reached = connection.RemoteAddress.With(connection.RemotePeer);
        lock (_lock)
        {
            for (LinkedListNode<Multiaddr>? node = _cache.First, next; node is not null; node = next)
            {
                next = node.Next;
                if (node.Value.PeerId == connection.RemotePeer)
                    _cache.Remove(node);
            }
            _cache.AddFirst(reached);
            if (_cache.Count > _options.MaxCached)
                _cache.RemoveLast();
            _isChanged = true;
        }
    }

    private void Save()
    {
        string text;
        lock (_lock)
        {
            if (!_isChanged || _options.CachePath is null)
                return;
            _isChanged = false;
            text = string.Join('\n', _cache) + '\n';
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_options.CachePath))!);
            AtomicFile.Write(_options.CachePath, Encoding.UTF8.GetBytes(text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _options.Note?.Invoke($"{_options.CachePath} cannot be written ({e.Message}): the next start begins with the entry peers.");
        }
    }

    private static IEnumerable<Multiaddr> Load(BootstrapOptions options)
    {
        try
        {
            if (options.CachePath is not { } path || !File.Exists(path))
                return [];
            if (new FileInfo(path).Length <= MaxCacheBytes)
                return File.ReadAllLines(path).Select(l => Multiaddr.TryParse(l.Trim(), out Multiaddr? address) && address.PeerId is not null ? address : null).OfType<Multiaddr>();
            options.Note?.Invoke($"{path} is longer than it should be and not used: the start begins with the entry peers.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            options.Note?.Invoke($"{options.CachePath} cannot be read ({e.Message}): the start begins with the entry peers.");
        }
        return [];
    }
}
