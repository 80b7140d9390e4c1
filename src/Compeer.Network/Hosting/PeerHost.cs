using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Connections;
using Compeer.Network.Names;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.CircuitRelay;
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
    private readonly Dictionary<string, Service> _services = [];
    private readonly List<Listener> _listening = [];
    private readonly TcpTransport _tcp;
    private readonly RelayTransport _relays;
    private readonly Upgrade _upgrade;
    private readonly IdentifyService _identify;
    private readonly ConnectionGate _gate;
    private readonly ResourceScopes _scopes;

    private PeerHost(PeerHostOptions options)
    {
        Options = options;
        Id = PeerId.FromPublicKey(options.Identity.PublicKey);
        _tcp = new TcpTransport(options.Policy, options.Bind, options.DialTimeout);
        _upgrade = new Upgrade([.. options.Security.Select(p => Channel(p, options))], options.PrivateNetwork);
        _names = new TxtResolver(options.NameServers, options.Policy);
        _identify = new IdentifyService(this);
        _gate = new ConnectionGate(options.Limits);
        _transient = new TransientConnections(options.Limits, options.HandshakeTimeout);
        _scopes = new ResourceScopes(options.Limits);
        _relays = new RelayTransport(this);
        _services[PingService.Protocol] = new Service(PingService.AnswerAsync, AllowLimited: true);
        _services[IdentifyMessage.Protocol] = new Service(_identify.AnswerAsync, AllowLimited: true);
        _services[IdentifyMessage.PushProtocol] = new Service(_identify.TakePushAsync, AllowLimited: true);
        _services[CircuitMessage.StopProtocol] = new Service(_relays.AnswerAsync, AllowLimited: false);
    }

    /// <summary>Told on any thread when a connection is open; returns soon.</summary>
    public event Action<HostConnection>? Connected;

    /// <summary>Told on any thread when a connection is over; returns soon.</summary>
    public event Action<HostConnection>? Disconnected;

    /// <summary>
    /// Told on any thread when a peer has said about itself what was not known of it, in its first answer or later; returns soon.
    /// What it said is in <see cref="HostConnection.Remote"/>.
    /// </summary>
    public event Action<HostConnection>? Identified;

    /// <summary>Told when a handler failed for another reason than its stream.</summary>
    public event Action<DuplexStream, Exception>? HandlerFailed;

    /// <summary>The name of this host.</summary>
    public PeerId Id { get; }

    /// <summary>How it was started.</summary>
    public PeerHostOptions Options { get; }

    /// <summary>What it serves.</summary>
    public IReadOnlyList<string> Protocols
    {
        get
        {
            lock (_lock)
                return [.. _services.Keys.Order(StringComparer.Ordinal)];
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

    /// <summary>The timers of all that the host does.</summary>
    internal SharedTimers Timers => _timers;

    /// <summary>What peers make the host hold.</summary>
    internal ResourceScopes Scopes => _scopes;

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
                host._listening.ForEach(l => l.Socket.Dispose());
                host._timers.Dispose();
                string reason = e is SocketException error ? SocketErrors.Describe(error.SocketErrorCode) : e.Message;
                throw new PeerUnreachableException($"Cannot listen on {address}: {reason}.", e);
            }
        }
        foreach (Listener listener in host._listening)
            host._scope.TryRun(token => host.AcceptLoopAsync(listener, token));
        return Task.FromResult(host);
    }

    /// <summary>Serves a protocol from now on; connected peers are told.</summary>
    /// <param name="protocol">Its name.</param>
    /// <param name="handler">Serves a stream.</param>
    /// <param name="allowLimited">Also on connections that a relay ends after few bytes or minutes.</param>
    /// <exception cref="ArgumentException">It is served already.</exception>
    public void Handle(string protocol, StreamHandler handler, bool allowLimited = false)
    {
        lock (_lock)
        {
            if (!_services.TryAdd(protocol, new Service(handler, allowLimited)))
                throw new ArgumentException($"{protocol} is served already.", nameof(protocol));
        }
        _scope.TryRun(PushAsync);
    }

    /// <summary>Serves a protocol no more; streams that are open go on.</summary>
    public void Unhandle(string protocol)
    {
        lock (_lock)
        {
            if (!_services.Remove(protocol))
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
    /// <exception cref="ProtocolRefusedException">The peer has none of them, or is reached over a limited connection only.</exception>
    public Task<DuplexStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellationToken = default) =>
        OpenStreamAsync(peer, protocols, allowLimited: false, cancellationToken);

    /// <summary>The same, and also over a connection that a relay ends after few bytes or minutes, where <paramref name="allowLimited"/> says so.</summary>
    public async Task<DuplexStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, bool allowLimited, CancellationToken cancellationToken)
    {
        HostConnection connection = await ConnectAsync(peer, cancellationToken);
        try
        {
            return await connection.OpenStreamAsync(protocols, allowLimited, cancellationToken);
        }
        catch (StreamCutException) when (!connection.IsOpen)
        {
            // It ended, or gave way to another one, since it was chosen.
            return await (await ConnectAsync(peer, cancellationToken)).OpenStreamAsync(protocols, allowLimited, cancellationToken);
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
        foreach (Listener listener in _listening)
            listener.Socket.Dispose();
        try
        {
            await _scope.DisposeAsync();
        }
        finally
        {
            _timers.Dispose();
        }
    }

    private static ISecureChannel Channel(string protocol, PeerHostOptions options) => protocol switch
    {
        SecurityProtocols.Noise => new NoiseChannel(options.Identity, OpenSslKeys.Instance, [Upgrade.Yamux]),
        SecurityProtocols.Tls => new TlsChannel(options.Identity, OpenSslKeys.Instance, [Upgrade.Yamux]),
        _ => throw new ArgumentException($"\"{protocol}\" secures no connections here.", nameof(options)),
    };

    private void Listen(Multiaddr address)
    {
        if (!TransportAddress.TryParse(address, out TransportAddress? local) || !IPAddress.TryParse(local.Host, out IPAddress? ip))
            throw new FormatException("it is no address like /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/tcp/4002/ws");
        if (local.TlsName is not null && Options.WebSocketCertificate is null)
            throw new FormatException("a WebSocket in TLS needs a certificate");
        if (_tcp.Listen(new IPEndPoint(ip, local.Port), isShared: !local.IsWebSocket) is { } socket)
            _listening.Add(new Listener(socket, local.IsWebSocket, local.TlsName is not null));
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

    private StreamHandler? HandlerOf(string protocol, HostConnection connection)
    {
        lock (_lock)
            return _services.GetValueOrDefault(protocol) is { } service && (service.AllowLimited || !connection.IsLimited) ? service.Handler : null;
    }

    private sealed record Listener(Socket Socket, bool IsWebSocket, bool IsTls)
    {
        public IPEndPoint Bound => (IPEndPoint)Socket.LocalEndPoint!;

        public string Suffix => IsTls ? "/tls/ws" : IsWebSocket ? "/ws" : "";
    }

    private sealed record Service(StreamHandler Handler, bool AllowLimited);
}
