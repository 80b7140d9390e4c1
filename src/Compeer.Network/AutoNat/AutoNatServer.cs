using System.Net;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.AutoNat;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.AutoNat;

/// <summary>
/// Tells peers whether they can be dialled, by dialling them: AutoNAT v1 and v2. Dials come from a host without a port and with a name of its
/// own, so that they do not pass through a NAT that our connection has opened. Never dials for a peer that comes through a relay, nor into private
/// networks. Thread-safe.
/// Spec: libp2p/specs autonat/autonat-v1.md, autonat-v2.md.
/// </summary>
public sealed class AutoNatServer : IAsyncDisposable
{
    private readonly PeerHost _host;
    private readonly PeerHost _dialer;
    private readonly AutoNatServerOptions _options;
    private readonly AutoNatRates _rates;
    private readonly SemaphoreSlim _free;
    private readonly Lock _lock = new();
    private long _dials;
    private long _reached;

    private AutoNatServer(PeerHost host, PeerHost dialer, AutoNatServerOptions options)
    {
        _host = host;
        _dialer = dialer;
        _options = options;
        _rates = new AutoNatRates(options.MaxDialsPerMinute, options.MaxDialsPerPeer);
        _free = new SemaphoreSlim(options.MaxAtOnce);
    }

    /// <summary>Addresses that were dialled for others.</summary>
    public long Dials => Interlocked.Read(ref _dials);

    /// <summary>Those that answered.</summary>
    public long Reached => Interlocked.Read(ref _reached);

    /// <summary>Begins to serve.</summary>
    public static async Task<AutoNatServer> StartAsync(PeerHost host, AutoNatServerOptions? options = null)
    {
        options ??= new();
        PeerHost dialer = await PeerHost.StartAsync(host.Options with { Identity = SecureChannels.PrivateIdentity.Generate(), Listen = [], DialTimeout = options.DialTimeout });
        var server = new AutoNatServer(host, dialer, options);
        host.Handle(AutoNatV1Message.Protocol, server.AnswerV1Async);
        host.Handle(AutoNatV2Message.RequestProtocol, server.AnswerV2Async);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Unhandle(AutoNatV1Message.Protocol);
        _host.Unhandle(AutoNatV2Message.RequestProtocol);
        await _dialer.DisposeAsync();
    }

    private async Task AnswerV1Async(DuplexStream stream, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = Within(cancellationToken);
        byte[] bytes = await stream.ReadMessageAsync(AutoNatV1Message.MaxBytes, deadline.Token) ?? [];
        AutoNatV1Message.Response answer = AutoNatV1Message.TryDecode(bytes, out AutoNatV1Message? message) && message is AutoNatV1Message.Dial dial && dial.Peer == stream.RemotePeer
            ? await DialV1Async(stream, dial, deadline.Token)
            : new AutoNatV1Message.Response(AutoNatV1Status.BadRequest, null);
        await stream.WriteMessageAsync(answer.Encode(), deadline.Token);
    }

    /// <summary>Only the address from which it is connected is dialled: any port of it.</summary>
    private async Task<AutoNatV1Message.Response> DialV1Async(DuplexStream stream, AutoNatV1Message.Dial dial, CancellationToken cancellationToken)
    {
        Multiaddr[] own = [.. dial.Addresses.Where(a => MayDial(a) && IsOwn(stream.Connection, a)).Take(4)];
        if (own.Length == 0 || !TryTake(stream))
            return new AutoNatV1Message.Response(AutoNatV1Status.DialRefused, null);
        try
        {
            foreach (Multiaddr address in own)
            {
                if (await ConnectAsync(stream.RemotePeer, address, cancellationToken) is not { } connection)
                    continue;
                await connection.CloseAsync();
                Interlocked.Increment(ref _reached);
                return new AutoNatV1Message.Response(AutoNatV1Status.Ok, address);
            }
            return new AutoNatV1Message.Response(AutoNatV1Status.DialError, null);
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task AnswerV2Async(DuplexStream stream, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = Within(cancellationToken);
        byte[] bytes = await stream.ReadMessageAsync(AutoNatV2Message.MaxBytes, deadline.Token) ?? [];
        if (!AutoNatV2Message.TryDecode(bytes, out AutoNatV2Message? message) || message is not AutoNatV2Message.DialRequest request)
            throw new InvalidDataException("No request of AutoNAT.");
        await stream.WriteMessageAsync((await DialV2Async(stream, request, deadline.Token)).Encode(), deadline.Token);
    }

    private async Task<AutoNatV2Message.DialResponse> DialV2Async(DuplexStream stream, AutoNatV2Message.DialRequest request, CancellationToken cancellationToken)
    {
        int index = request.Addresses.ToList().FindIndex(a => a is not null && MayDial(a));
        if (index < 0 || stream.Connection.Path == ConnectionPath.Relayed)
            return new AutoNatV2Message.DialResponse(AutoNatV2Status.DialRefused, 0, AutoNatDialStatus.Unused);
        if (!TryTake(stream))
            return new AutoNatV2Message.DialResponse(AutoNatV2Status.RequestRejected, 0, AutoNatDialStatus.Unused);
        try
        {
            Multiaddr address = request.Addresses[index]!;
            if (!IsOwn(stream.Connection, address))
                await ChargeAsync(stream, index, cancellationToken);
            AutoNatDialStatus status = await DialBackAsync(stream.RemotePeer, address, request.Nonce, cancellationToken);
            if (status == AutoNatDialStatus.Ok)
                Interlocked.Increment(ref _reached);
            return new AutoNatV2Message.DialResponse(AutoNatV2Status.Ok, index, status);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Has the peer send more than the dial can cost its target, so that nobody gains by having us dial.</summary>
    private async Task ChargeAsync(DuplexStream stream, int index, CancellationToken cancellationToken)
    {
        int price = RandomNumberGenerator.GetInt32(_options.MinDialDataBytes, 2 * _options.MinDialDataBytes);
        await stream.WriteMessageAsync(new AutoNatV2Message.DialDataRequest(index, price).Encode(), cancellationToken);
        for (int paid = 0; paid < price;)
        {
            byte[] bytes = await stream.ReadMessageAsync(AutoNatV2Message.MaxBytes, cancellationToken) ?? [];
            // A message of little data would make the price one of messages.
            if (!AutoNatV2Message.TryDecode(bytes, out AutoNatV2Message? message) || message is not AutoNatV2Message.DialDataResponse { Data.Length: > 0 and <= AutoNatV2Message.MaxDataBytes } some)
                throw new InvalidDataException("The peer does not pay for the dial.");
            paid += some.Data.Length;
        }
    }

    private async Task<AutoNatDialStatus> DialBackAsync(PeerId peer, Multiaddr address, ulong nonce, CancellationToken cancellationToken)
    {
        if (await ConnectAsync(peer, address, cancellationToken) is not { } connection)
            return AutoNatDialStatus.DialError;
        try
        {
            await using DuplexStream stream = await connection.OpenStreamAsync([AutoNatV2Message.DialBackProtocol], cancellationToken);
            await stream.WriteMessageAsync(AutoNatV2Message.EncodeDialBack(nonce), cancellationToken);
            // An empty message says OK.
            return await stream.ReadMessageAsync(AutoNatV2Message.MaxBytes, cancellationToken) is null ? AutoNatDialStatus.DialBackError : AutoNatDialStatus.Ok;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return AutoNatDialStatus.DialBackError;
        }
        finally
        {
            await connection.CloseAsync();
        }
    }

    private async Task<HostConnection?> ConnectAsync(PeerId peer, Multiaddr address, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _dials);
        try
        {
            return await _dialer.DialNewAsync(peer, [address], cancellationToken);
        }
        catch (PeerUnreachableException)
        {
            return null;
        }
    }

    /// <summary>A request more, whose place in <see cref="_free"/> the caller gives back; false where that is too many.</summary>
    private bool TryTake(DuplexStream stream)
    {
        lock (_lock)
        {
            if (!_free.Wait(0))
                return false;
            if (_rates.TryTake(stream.RemotePeer, MonotonicClock.Now))
                return true;
            _free.Release();
            return false;
        }
    }

    private bool MayDial(Multiaddr address) =>
        TransportAddress.TryParse(address, out _) && address.TryGetTcp(out IPEndPoint? remote) && AddressReaches.CanBePeer(remote)
        && (_options.AllowPrivate || AddressReaches.Of(remote.Address) == AddressReach.Global);

    private static bool IsOwn(HostConnection connection, Multiaddr address) =>
        connection.Path != ConnectionPath.Relayed && connection.RemoteAddress.TryGetTcp(out IPEndPoint? own) && address.TryGetTcp(out IPEndPoint? wanted) && own.Address.Equals(wanted.Address);

    private CancellationTokenSource Within(CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter((2 * _options.DialTimeout) + _host.Options.HandshakeTimeout);
        return deadline;
    }
}
