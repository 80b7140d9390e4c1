using System.Diagnostics;
using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols.Dcutr;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Dcutr;

/// <summary>
/// Makes direct connections of relayed ones: the side that was dialled dials back, and where that fails both dial each other at the same
/// moment from the port at which they listen, so that each opens its own NAT. The relayed connection ends when its streams do. Thread-safe.
/// Spec: libp2p/specs relay/DCUtR.md; connections/hole-punching.md.
/// </summary>
public sealed class DcutrService : IAsyncDisposable
{
    private readonly PeerHost _host;
    private readonly DcutrOptions _options;
    private readonly TaskScope _scope = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<HostConnection, int> _answered = [];

    private DcutrService(PeerHost host, DcutrOptions options)
    {
        _host = host;
        _options = options;
    }

    /// <summary>Told on any thread when a relayed connection has got a direct one beside it, or all rounds have failed (null); returns soon.</summary>
    public event Action<HostConnection, HostConnection?>? Ended;

    /// <summary>Begins to serve, and to upgrade relayed connections that come.</summary>
    public static DcutrService Start(PeerHost host, DcutrOptions? options = null)
    {
        var service = new DcutrService(host, options ?? new());
        host.Handle(DcutrMessage.Protocol, service.AnswerAsync, allowLimited: true);
        host.Connected += service.OnConnected;
        host.Disconnected += service.OnDisconnected;
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Connected -= OnConnected;
        _host.Disconnected -= OnDisconnected;
        _host.Unhandle(DcutrMessage.Protocol);
        await _scope.DisposeAsync();
    }

    private void OnConnected(HostConnection connection)
    {
        if (connection is { Path: ConnectionPath.Relayed, IsIncoming: true })
            _scope.TryRun(token => UpgradeAsync(connection, token));
    }

    private void OnDisconnected(HostConnection connection)
    {
        lock (_lock)
            _answered.Remove(connection);
    }

    /// <summary>The side that was dialled through the relay: it begins.</summary>
    private async Task UpgradeAsync(HostConnection relayed, CancellationToken cancellationToken)
    {
        HostConnection? direct = null;
        string failure = "it does not punch holes";
        try
        {
            await relayed.Identified.WaitAsync(cancellationToken);
            direct = await DialBackAsync(relayed, cancellationToken);
            bool isAble = relayed.Remote?.Protocols.Contains(DcutrMessage.Protocol) ?? false;
            for (int round = 1; isAble && direct is null && round <= _options.MaxRounds && !relayed.Closed.IsCompleted; round++)
            {
                failure = $"hole punching failed {round} times";
                direct = await RoundAsync(relayed, round, cancellationToken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException)
        {
            return;
        }
        await SettleAsync(relayed, direct, failure);
    }

    private async Task SettleAsync(HostConnection relayed, HostConnection? direct, string failure)
    {
        // What the peer says over the direct connection proves that it stands on both sides: at no moment is there none.
        if (direct is not null)
            await direct.Identified;
        if (direct?.IsOpen == true)
            relayed.Driver.GoAway();
        else
            relayed.Why += $"; {failure}";
        Ended?.Invoke(relayed, direct);
    }

    /// <summary>The peer may be reachable after all; it is dialled as any other.</summary>
    private async Task<HostConnection?> DialBackAsync(HostConnection relayed, CancellationToken cancellationToken)
    {
        IReadOnlyList<Multiaddr> addresses = _host.DirectAddressesOf(relayed.RemotePeer);
        if (addresses.Count == 0)
            return null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.RoundTime);
            return await _host.DialNewAsync(relayed.RemotePeer, addresses, deadline.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private async Task<HostConnection?> RoundAsync(HostConnection relayed, int round, CancellationToken cancellationToken)
    {
        var meeting = new Meeting(relayed.RemotePeer, IsDialer: false, IsDialerWhenCalled: false, WhyPunched(relayed, round));
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.RoundTime);
            await using DuplexStream stream = await relayed.OpenStreamAsync([DcutrMessage.Protocol], allowLimited: true, deadline.Token);
            long start = Stopwatch.GetTimestamp();
            await stream.WriteMessageAsync(new DcutrMessage(DcutrMessageType.Connect, OwnAddresses()).Encode(), deadline.Token);
            IReadOnlyList<IPEndPoint> remotes = DialledOf(relayed, await ReadAsync(stream, DcutrMessageType.Connect, deadline.Token));
            TimeSpan roundTrip = Stopwatch.GetElapsedTime(start);
            _host.Meet(meeting, remotes);
            await stream.WriteMessageAsync(new DcutrMessage(DcutrMessageType.Sync, []).Encode(), deadline.Token);
            await Task.Delay(roundTrip / 2, deadline.Token);
            return await _host.PunchAsync(meeting, remotes, deadline.Token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
        finally
        {
            _host.Part(meeting);
        }
    }

    /// <summary>The side that dialled through the relay; in the connection to come it is the dialer again.</summary>
    private async Task AnswerAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        HostConnection relayed = stream.Connection;
        int round;
        lock (_lock)
            _answered[relayed] = round = _answered.GetValueOrDefault(relayed) + 1;
        if (relayed.Path != ConnectionPath.Relayed || relayed.IsIncoming || round > _options.MaxRounds)
            throw new IOException("No hole is punched for that connection.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.RoundTime);
        IReadOnlyList<IPEndPoint> remotes = DialledOf(relayed, await ReadAsync(stream, DcutrMessageType.Connect, deadline.Token));
        // DEVIATION: whoever's packets come through first, we are the dialer, says the specification. js-libp2p 3.3 forgets that when its own
        // dial reaches us, so every other round follows it.
        var meeting = new Meeting(relayed.RemotePeer, IsDialer: true, IsDialerWhenCalled: round % 2 == 1, WhyPunched(relayed, round));
        _host.Meet(meeting, remotes);
        try
        {
            await stream.WriteMessageAsync(new DcutrMessage(DcutrMessageType.Connect, OwnAddresses()).Encode(), deadline.Token);
            await ReadAsync(stream, DcutrMessageType.Sync, deadline.Token);
            HostConnection? direct = await _host.PunchAsync(meeting, remotes, deadline.Token);
            if (direct is not null || round == _options.MaxRounds)
                await SettleAsync(relayed, direct, $"hole punching failed {round} times");
        }
        finally
        {
            _host.Part(meeting);
        }
    }

    private static string WhyPunched(HostConnection relayed, int round) =>
        $"both sides dialled at the same moment, as they agreed over {relayed.RemoteAddress}" + (round == 1 ? "" : $"; round {round}");

    private static async Task<DcutrMessage> ReadAsync(DuplexStream stream, DcutrMessageType type, CancellationToken cancellationToken)
    {
        byte[] bytes = await stream.ReadMessageAsync(DcutrMessage.MaxBytes, cancellationToken) ?? [];
        return DcutrMessage.TryDecode(bytes, out DcutrMessage? message) && message.Type == type ? message : throw new InvalidDataException($"The peer sent something else than {type}.");
    }

    /// <summary>Where others may see us: what they told, and what we know.</summary>
    private Multiaddr[] OwnAddresses() => [.. _host.Observed.Concat(_host.Addresses).Where(a => IsDirect(a) && AddressReaches.OfTcp(a) > AddressReach.Loopback).Distinct().Take(DcutrMessage.MaxAddresses)];

    /// <summary>Where the peer is dialled: never nearer to us than the relay, so that nobody sends us into our own network.</summary>
    private IPEndPoint[] DialledOf(HostConnection relayed, DcutrMessage told) =>
    [
        .. told.Addresses
            .Where(a => IsDirect(a) && AddressReaches.OfTcp(a) >= AddressReaches.OfTcp(relayed.RemoteAddress))
            .Select(a => a.TryGetTcp(out IPEndPoint? remote) ? remote : null)
            .OfType<IPEndPoint>()
            .Where(AddressReaches.CanBePeer)
            .Distinct()
            .Take(_options.MaxAddresses),
    ];

    private static bool IsDirect(Multiaddr address) => TcpTransport.TryGetEndPoint(address, out _);
}
