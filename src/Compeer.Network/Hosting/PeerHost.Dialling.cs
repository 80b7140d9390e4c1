using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Protocols.Dialling;

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

    /// <summary>Connects to the peer that an address names at its end, or returns the connection that there is.</summary>
    /// <exception cref="PeerUnreachableException">It does not answer, or another peer does.</exception>
    public Task<HostConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken = default)
    {
        if (address.PeerId is not { } peer)
            return DialAsync(null, [address], cancellationToken);
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
            if (_connections.GetValueOrDefault(peer)?.FirstOrDefault(c => c.IsOpen) is { } open)
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

    private async Task<HostConnection> DialAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        var race = new DialRace(addresses, (address, token) => DialAsync(peer, address, token));
        (UpgradedStream? upgraded, string failure) = await race.RunAsync(cancellationToken);
        if (upgraded is null)
            throw new PeerUnreachableException($"Cannot reach {(peer is { } meant ? meant.ToString() : "the peer")}: {failure}.");
        return Adopt(upgraded, isIncoming: false) ?? throw new PeerUnreachableException("The limits of this host, or its end, forbid the connection.");
    }

    /// <summary>One address; the reason why not in the place of a stream.</summary>
    private async Task<(UpgradedStream? Stream, string Failure)> DialAsync(PeerId? peer, Multiaddr address, CancellationToken cancellationToken)
    {
        if (!TcpTransport.TryGetEndPoint(address, out IPEndPoint? remote))
            return (null, "no transport for that address");
        if (!_gate.MayDial(remote!.Address))
            return (null, "the limits of this host forbid it");
        bool succeeded = false;
        string failure = "no answer in time";
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(Options.DialTimeout);
            PeerStream raw = await _tcp.ConnectAsync(remote, deadline.Token);
            deadline.CancelAfter(Options.HandshakeTimeout);
            UpgradedStream upgraded = await _upgrade.RunAsync(raw, isDialer: true, peer, deadline.Token);
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
}
