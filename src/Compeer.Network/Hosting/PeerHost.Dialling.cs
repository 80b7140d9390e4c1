using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Dialling;
using Compeer.Protocols.DomainNames;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    private readonly Dictionary<PeerId, Task<HostConnection>> _dialling = [];
    private readonly AddressBook _book = new();

    /// <summary>Remembers where a peer may be dialled.</summary>
    public void AddAddresses(PeerId peer, IEnumerable<Multiaddr> addresses)
    {
        lock (_lock)
            _book.Add(peer, addresses, MonotonicClock.Now);
    }

    /// <summary>Where a peer may be dialled, as far as is known, without its name at the end; also addresses that rest after failed dials.</summary>
    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer)
    {
        lock (_lock)
            return _book.AddressesOf(peer);
    }

    /// <summary>
    /// Connects to the peer that an address names at its end, or returns the connection that there is. A /dnsaddr address is looked up;
    /// if it names no peer, one that it leads to is taken.
    /// </summary>
    /// <exception cref="PeerUnreachableException">It does not answer, or another peer does.</exception>
    public Task<HostConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken = default)
    {
        if (address.PeerId is not { } peer)
            return DnsaddrExpansion.IsDnsaddr(address) ? ConnectToAnyAsync(address, cancellationToken) : DialAsync(null, [address], cancellationToken);
        AddAddresses(peer, [address]);
        return ConnectAsync(peer, cancellationToken);
    }

    /// <summary>Connects to a peer at the addresses that are known of it, or returns the connection that there is.</summary>
    /// <exception cref="PeerUnreachableException">No address is known, or none answers as that peer.</exception>
    public async Task<HostConnection> ConnectAsync(PeerId peer, CancellationToken cancellationToken = default)
    {
        if (peer == Id)
            throw new PeerUnreachableException("A host does not dial itself.");
        Task<HostConnection> dial;
        lock (_lock)
        {
            if (BestOf(peer) is { } open)
                return open;
            if (!_dialling.TryGetValue(peer, out dial!))
            {
                IReadOnlyList<Multiaddr> addresses = _book.AddressesOf(peer, MonotonicClock.Now);
                if (addresses.Count == 0 && _book.Knows(peer))
                    throw new PeerUnreachableException($"Cannot reach {peer}: its addresses rest after failed dials; try again in a while.");
                _dialling[peer] = dial = Task.Run(() => DialSharedAsync(peer, addresses), CancellationToken.None);
            }
        }
        return await dial.WaitAsync(cancellationToken);
    }

    /// <summary>All who want the same peer wait for the same dial, so none of them may cancel it.</summary>
    private async Task<HostConnection> DialSharedAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        try
        {
            return await DialAsync(peer, addresses, _scope.Token);
        }
        finally
        {
            lock (_lock)
                _dialling.Remove(peer);
        }
    }

    /// <summary>The open connection with a peer that is to be used, a direct one before a relayed one. Under the lock.</summary>
    private HostConnection? BestOf(PeerId peer) => _connections.GetValueOrDefault(peer)?.Where(c => c.IsOpen).MinBy(c => c.Path == ConnectionPath.Relayed);

    /// <summary>A new connection to a peer at these addresses, whatever connections there are.</summary>
    /// <exception cref="PeerUnreachableException">None of them answers as that peer.</exception>
    internal Task<HostConnection> DialNewAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken) => DialAsync(peer, addresses, cancellationToken);

    private async Task<HostConnection> DialAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        var race = new DialRace(await ExpandAsync(peer, addresses, cancellationToken), (address, token) => DialAsync(peer, address, token));
        (UpgradedStream? upgraded, string failures) = await race.RunAsync(cancellationToken);
        if (upgraded is null)
            throw new PeerUnreachableException($"Cannot reach {(peer is { } meant ? meant.ToString() : "the peer")}: {failures}.");
        if (upgraded.Route.Path == ConnectionPath.Relayed)
            upgraded = upgraded with { Route = upgraded.Route with { Why = upgraded.Route.Why + (failures.Length > 0 ? $", since no direct way led there: {failures}" : ", the only address that was known") } };
        return Adopt(upgraded, isIncoming: false) ?? throw new PeerUnreachableException("The limits of this host, or its end, forbid the connection.");
    }

    /// <summary>One address; the reason why not in the place of a stream.</summary>
    private async Task<(UpgradedStream? Stream, string Failure)> DialAsync(PeerId? peer, Multiaddr address, CancellationToken cancellationToken)
    {
        bool succeeded = false;
        string failure = "no answer in time";
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(Options.DialTimeout);
            (PeerStream raw, ConnectionRoute route) = await OpenAsync(peer, address, deadline.Token);
            deadline.CancelAfter(Options.HandshakeTimeout);
            UpgradedStream upgraded = await _upgrade.RunAsync(raw, route, isDialer: true, peer, deadline.Token);
            succeeded = true;
            return (upgraded, "");
        }
        catch (Exception e) when (IsConnectionFailure(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (e is SocketException error)
                failure = SocketErrors.Describe(error.SocketErrorCode);
            else if (e is not OperationCanceledException)
                failure = e.Message.TrimEnd('.');
            return (null, failure);
        }
        finally
        {
            if (peer is { } meant && !cancellationToken.IsCancellationRequested)
            {
                lock (_lock)
                    _book.Note(meant, address, succeeded, MonotonicClock.Now);
            }
        }
    }

    /// <summary>A raw stream by the transport that the address is of.</summary>
    private async Task<(PeerStream Raw, ConnectionRoute Route)> OpenAsync(PeerId? peer, Multiaddr address, CancellationToken cancellationToken)
    {
        if (address.Contains(MultiaddrProtocol.Circuit))
            return await _relays.DialAsync(peer ?? throw new PeerUnreachableException("an address behind a relay names its peer at the end"), address, cancellationToken);
        if (!TransportAddress.TryParse(address, out TransportAddress? target))
            throw new PeerUnreachableException("no transport for that address");
        PeerStream raw = await OpenTcpAsync(target, cancellationToken);
        string suffix = target.TlsName is not null ? "/tls/ws" : target.IsWebSocket ? "/ws" : "";
        Multiaddr remote = TcpTransport.IsKnown(raw.Remote) ? With(raw.Remote, suffix) : address.WithoutPeer() ?? address;
        var route = new ConnectionRoute(remote, With(raw.Local, suffix), ConnectionPath.Direct, null, $"dialled at {address}");
        if (!target.IsWebSocket)
            return (raw, route);
        try
        {
            return (await WebSocketPeerStream.ConnectAsync(raw, target.Authority, target.TlsName is { } name ? ClientTls(name) : null, cancellationToken), route);
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    /// <summary>With a proxy names are its to look up, and no word of them leaves otherwise.</summary>
    private async Task<PeerStream> OpenTcpAsync(TransportAddress target, CancellationToken cancellationToken)
    {
        const string Forbidden = "the limits of this host forbid it";
        if (target.IsName && Options.Policy.Proxy is not null)
            return _gate.MayDialNames ? await _tcp.ConnectAsync(new ProxyTarget(target.Host, target.Port), cancellationToken) : throw new PeerUnreachableException(Forbidden);
        IPEndPoint remote = await target.ResolveAsync(Options.Policy, cancellationToken);
        return _gate.MayDial(remote.Address) ? await _tcp.ConnectAsync(remote, cancellationToken) : throw new PeerUnreachableException(Forbidden);
    }

    private SslClientAuthenticationOptions ClientTls(string name) => new() { TargetHost = name, RemoteCertificateValidationCallback = Options.WebSocketTrust };

    private static Multiaddr With(IPEndPoint endPoint, string suffix) =>
        suffix.Length > 0 ? Multiaddr.FromTcp(endPoint).Encapsulate(Multiaddr.Parse(suffix)) : Multiaddr.FromTcp(endPoint);
}
