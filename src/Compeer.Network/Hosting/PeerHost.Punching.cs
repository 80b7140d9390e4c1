using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    /// <summary>The addresses of a peer that lead to it without a relay, and that do not rest.</summary>
    internal IReadOnlyList<Multiaddr> DirectAddressesOf(PeerId peer)
    {
        lock (_lock)
            return [.. _book.AddressesOf(peer, MonotonicClock.Now).Where(a => !a.Contains(MultiaddrProtocol.Circuit))];
    }

    /// <summary>From now on a connection from one of these addresses is that peer's, with whom we meet; until <see cref="Part"/>.</summary>
    internal void Meet(Meeting meeting, IEnumerable<IPEndPoint> remotes) => _meetings.Begin(remotes.Select(r => r.Address), meeting);

    /// <summary>The meeting is over.</summary>
    internal void Part(Meeting meeting) => _meetings.End(meeting);

    /// <summary>Dials all endpoints at once as the other side does; the first connection that stands, whoever's packets made it. Null when none does.</summary>
    internal async Task<HostConnection?> PunchAsync(Meeting meeting, IReadOnlyList<IPEndPoint> remotes, CancellationToken cancellationToken)
    {
        var met = new TaskCompletionSource<HostConnection?>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(HostConnection connection)
        {
            if (connection.RemotePeer == meeting.Peer && connection.Path != ConnectionPath.Relayed)
                met.TrySetResult(connection);
        }
        Connected += Take;
        try
        {
            // One may have come since both agreed.
            Connections.Where(c => c.IsOpen).ToList().ForEach(Take);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<HostConnection?[]> all = Task.WhenAll(remotes.Where(r => _gate.MayDial(r.Address)).Select(r => PunchAsync(meeting, r, ending.Token)));
            await Task.WhenAny(all, met.Task);
            await ending.CancelAsync();
            HostConnection? dialled = (await all).FirstOrDefault(c => c is not null);
            return dialled ?? (met.Task.IsCompleted ? await met.Task : null);
        }
        finally
        {
            Connected -= Take;
        }
    }

    private async Task<HostConnection?> PunchAsync(Meeting meeting, IPEndPoint remote, CancellationToken cancellationToken)
    {
        if (await _tcp.PunchAsync(remote, cancellationToken) is not { } raw)
            return null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(Options.HandshakeTimeout);
            var route = new ConnectionRoute(Multiaddr.FromTcp(raw.Remote), Multiaddr.FromTcp(raw.Local), ConnectionPath.Punched, null, meeting.Why);
            return Adopt(await _upgrade.RunAsync(raw, route, meeting.IsDialer, meeting.Peer, deadline.Token), isIncoming: !meeting.IsDialer);
        }
        catch (Exception e) when (IsConnectionFailure(e))
        {
            // Somebody else was there, or both took the same role: the next round decides.
            return null;
        }
    }
}
