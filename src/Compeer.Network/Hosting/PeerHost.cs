using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identify;

namespace Compeer.Network.Hosting;

/// <summary>Serves one stream; when it returns, the stream is closed, and when it throws, reset.</summary>
public delegate Task StreamHandler(DuplexStream stream, CancellationToken cancellationToken);

/// <summary>
/// A libp2p host: it has an identity, listens, dials peers by their key, and opens and serves streams over connections that are
/// authenticated and encrypted. Answers ping and identify by itself. Thread-safe. Bounds in <see cref="PeerHostOptions"/>.
/// <code>
/// await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
/// host.Handle("/echo/1.0.0", (stream, token) => stream.CopyToAsync(stream, token));
/// await using DuplexStream stream = await host.OpenStreamAsync(peer, "/chat/1.0.0");
/// </code>
/// Spec: libp2p/specs connections/README.md.
/// </summary>
public sealed partial class PeerHost : IAsyncDisposable
{
    private readonly TaskScope _scope = new();
    private readonly TransferBufferPool _pool = new();
    private readonly SharedTimers _timers = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, List<HostConnection>> _connections = [];
    private readonly Dictionary<string, StreamHandler> _handlers = [];
    private readonly List<Socket> _listening = [];
    private readonly TcpTransport _tcp;
    private readonly Upgrade _upgrade;
    private readonly IdentifyService _identify;
    private readonly ConnectionGate _gate;
    private readonly StreamLedger _served;
    private readonly UnreadBudget _unread;

    private PeerHost(PeerHostOptions options)
    {
        Options = options;
        Id = PeerId.FromPublicKey(options.Identity.PublicKey);
        _tcp = new TcpTransport(options.Policy, options.Bind, options.DialTimeout);
        _upgrade = new Upgrade([.. options.Security.Select(p => Channel(p, options))]);
        _identify = new IdentifyService(this);
        _gate = new ConnectionGate(options.Limits);
        _served = new StreamLedger(options.Limits);
        _unread = new UnreadBudget(options.Limits.MaxUnreadBytes);
        _handlers[PingService.Protocol] = PingService.AnswerAsync;
        _handlers[IdentifyMessage.Protocol] = _identify.AnswerAsync;
        _handlers[IdentifyMessage.PushProtocol] = _identify.TakePushAsync;
    }

    /// <summary>Told on any thread when a connection is open; returns soon.</summary>
    public event Action<HostConnection>? Connected;

    /// <summary>Told on any thread when a connection is over; returns soon.</summary>
    public event Action<HostConnection>? Disconnected;

    /// <summary>Told when a handler failed for another reason than its stream.</summary>
    public event Action<DuplexStream, Exception>? HandlerFailed;

    /// <summary>The name of this host.</summary>
    public PeerId Id { get; }

    /// <summary>How it was started.</summary>
    public PeerHostOptions Options { get; }

    /// <summary>Where it can be dialled, as far as this machine knows; without the peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses
    {
        get
        {
            lock (_lock)
                return [.. _listening.SelectMany(s => AddressesOf((IPEndPoint)s.LocalEndPoint!))];
        }
    }

    /// <summary>What it serves.</summary>
    public IReadOnlyList<string> Protocols
    {
        get
        {
            lock (_lock)
                return [.. _handlers.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>All open connections.</summary>
    public IReadOnlyList<HostConnection> Connections
    {
        get
        {
            lock (_lock)
                return [.. _connections.Values.SelectMany(c => c)];
        }
    }

    /// <summary>Starts a host; it listens when this returns.</summary>
    /// <exception cref="PeerUnreachableException">An address cannot be listened on; the message says which and why.</exception>
    public static Task<PeerHost> StartAsync(PeerHostOptions options)
    {
        var host = new PeerHost(options);
        foreach (Multiaddr address in options.Listen)
        {
            try
            {
                host.Listen(address);
            }
            catch (Exception e) when (e is SocketException or FormatException)
            {
                host._listening.ForEach(s => s.Dispose());
                host._timers.Dispose();
                string reason = e is SocketException error ? SocketErrors.Describe(error.SocketErrorCode) : e.Message;
                throw new PeerUnreachableException($"Cannot listen on {address}: {reason}.", e);
            }
        }
        foreach (Socket socket in host._listening)
            host._scope.TryRun(token => host.AcceptLoopAsync(socket, token));
        return Task.FromResult(host);
    }

    /// <summary>Serves a protocol from now on; connected peers are told.</summary>
    /// <exception cref="ArgumentException">It is served already.</exception>
    public void Handle(string protocol, StreamHandler handler)
    {
        lock (_lock)
        {
            if (!_handlers.TryAdd(protocol, handler))
                throw new ArgumentException($"{protocol} is served already.", nameof(protocol));
        }
        _scope.TryRun(PushAsync);
    }

    /// <summary>Serves a protocol no more; streams that are open go on.</summary>
    public void Unhandle(string protocol)
    {
        lock (_lock)
        {
            if (!_handlers.Remove(protocol))
                return;
        }
        _scope.TryRun(PushAsync);
    }

    /// <summary>Opens a stream to a peer, over the connection that there is, or a new one.</summary>
    /// <exception cref="PeerUnreachableException">No connection and no address that answers.</exception>
    /// <exception cref="ProtocolRefusedException">The peer does not have the protocol.</exception>
    public Task<DuplexStream> OpenStreamAsync(PeerId peer, string protocol, CancellationToken cancellationToken = default) =>
        OpenStreamAsync(peer, [protocol], cancellationToken);

    /// <summary>The same for the first protocol that the peer has.</summary>
    public async Task<DuplexStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellationToken = default)
    {
        HostConnection connection = await ConnectAsync(peer, cancellationToken);
        try
        {
            return await connection.OpenStreamAsync(protocols, cancellationToken);
        }
        catch (StreamCutException) when (!connection.IsOpen)
        {
            // It ended, or gave way to another one, since it was chosen.
            return await (await ConnectAsync(peer, cancellationToken)).OpenStreamAsync(protocols, cancellationToken);
        }
    }

    /// <summary>Keeps a peer's connections when others are closed for want of room, or no more.</summary>
    public void Protect(PeerId peer, bool isProtected = true) => _gate.Protect(peer, isProtected);

    /// <summary>How long the peer takes to answer.</summary>
    /// <exception cref="IOException">It is not reached, or does not answer as it should.</exception>
    public Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellationToken = default) => PingService.PingAsync(this, peer, cancellationToken);

    /// <summary>Closes all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Socket socket in _listening)
            socket.Dispose();
        await _scope.DisposeAsync();
        _timers.Dispose();
    }

    private static ISecureChannel Channel(string protocol, PeerHostOptions options) => protocol switch
    {
        SecurityProtocols.Noise => new NoiseChannel(options.Identity, OpenSslKeys.Instance, [Upgrade.Yamux]),
        SecurityProtocols.Tls => new TlsChannel(options.Identity, OpenSslKeys.Instance, [Upgrade.Yamux]),
        _ => throw new ArgumentException($"\"{protocol}\" secures no connections here.", nameof(options)),
    };

    private static IEnumerable<Multiaddr> AddressesOf(IPEndPoint bound) =>
        bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)
            ? LocalAddresses.All()
                .Where(a => bound.Address.Equals(IPAddress.IPv6Any) || a.AddressFamily == AddressFamily.InterNetwork)
                .Where(a => !a.IsIPv6LinkLocal)
                .Select(a => Multiaddr.FromTcp(new IPEndPoint(a, bound.Port)))
            : [Multiaddr.FromTcp(bound)];

    private void Listen(Multiaddr address)
    {
        if (!TcpTransport.TryGetEndPoint(address, out IPEndPoint? local))
            throw new FormatException("it is not a TCP address like /ip4/0.0.0.0/tcp/4001");
        if (_tcp.Listen(local!) is { } socket)
            _listening.Add(socket);
    }

    private async Task PushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _identify.PushAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host ends.
        }
    }

    private StreamHandler? HandlerOf(string protocol)
    {
        lock (_lock)
            return _handlers.GetValueOrDefault(protocol);
    }
}
