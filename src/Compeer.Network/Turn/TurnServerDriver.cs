using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Turn;

namespace Compeer.Network.Turn;

/// <summary>
/// Runs a relay for contacts on a UDP port, with one more socket for each allocation. It answers Binding too, so no
/// <see cref="Stun.StunServer"/> is needed beside it. Thread-safe.
/// </summary>
public sealed class TurnServerDriver : IDatagramReceiver, IAsyncDisposable
{
    private const int MaxDatagramBytes = 65_536;
    private const int SecretBytes = 32;
    private const int PortAttempts = 32;

    // There may be many relays, so each gets little memory.
    private static readonly DatagramSocketOptions RelaySocket = new() { Slots = 1 };

    private readonly IDatagramPath _path;
    private readonly TurnServerDriverOptions _options;
    private readonly TurnServer _server;
    private readonly Lock _lock = new();
    private readonly TaskScope _scope = new();
    private readonly DeadlineLoop _loop;
    private readonly Dictionary<int, UdpEndpoint> _relays = [];
    private readonly DatagramOutbox _outbox = new();
    private readonly byte[] _output = GC.AllocateUninitializedArray<byte>(MaxDatagramBytes + TurnServer.MaxOverheadBytes);

    /// <param name="path">The port that clients talk to, and that this is added to; not owned.</param>
    /// <param name="options">Users, limits and addresses.</param>
    public TurnServerDriver(IDatagramPath path, TurnServerDriverOptions options)
    {
        _path = path;
        _options = options;
        IEnumerable<IPAddress> relayedAt = ((IPAddress?[])[options.RelayV4, options.RelayV6, options.PublicV4]).OfType<IPAddress>();
        _server = new TurnServer(
            options.Server with
            {
                RelaysV4 = options.RelayV4 is not null,
                RelaysV6 = options.RelayV6 is not null,
                OwnAddresses = options.Server.OwnAddresses.Union(relayedAt),
            },
            RandomNumberGenerator.GetBytes(SecretBytes));
        _loop = new DeadlineLoop(Step);
        _scope.TryRun(_loop.RunAsync);
    }

    /// <summary>A snapshot for a person to see.</summary>
    public TurnServerStatus Status
    {
        get
        {
            lock (_lock)
                return new(_server.Allocations, _server.RelayedBytes, _server.Dropped, _server.Challenges, _server.Bindings);
        }
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        lock (_lock)
        {
            if (!_server.IsMine(datagram, from))
                return false;
            Obey(_server.Receive(datagram, from, MonotonicClock.Now, _output), _outbox);
            TakeEvents();
        }
        return true;
    }

    public void BeginBatch() => _outbox.Begin();

    public void EndBatch() => _outbox.End();

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        UdpEndpoint[] relays;
        lock (_lock)
        {
            relays = [.. _relays.Values];
            _relays.Clear();
        }
        foreach (UdpEndpoint relay in relays)
            await relay.DisposeAsync();
    }

    private Instant? Step()
    {
        lock (_lock)
        {
            _server.OnDeadline(MonotonicClock.Now);
            TakeEvents();
            return _server.NextDeadline;
        }
    }

    private void ReceiveFromPeer(int relay, ReadOnlySpan<byte> datagram, IPEndPoint peer, DatagramOutbox outbox)
    {
        lock (_lock)
            Obey(_server.ReceiveFromPeer(relay, datagram, peer, MonotonicClock.Now, _output), outbox);
    }

    private void Obey(TurnAction action, DatagramOutbox outbox)
    {
        if (action.Kind == TurnActionKind.ToClient)
            outbox.Add(_path, _output.AsSpan(0, action.LengthBytes), action.To!);
        else if (action.Kind == TurnActionKind.ToPeer && _relays.TryGetValue(action.Relay, out UdpEndpoint? relay))
            outbox.Add(relay, action.Data, action.To!);
    }

    /// <summary>Sends at once, since the deadlines' loop comes here too.</summary>
    private void Answer(TurnAction action) => _path.TrySend(_output.AsSpan(0, action.LengthBytes), action.To!);

    private void TakeEvents()
    {
        while (_server.TryTakeEvent(out TurnServerEvent e))
        {
            if (e is TurnRelayWanted wanted)
            {
                Open(wanted);
                _loop.Wake();
            }
            else if (e is TurnRelayEnded ended && _relays.Remove(ended.Relay, out UdpEndpoint? relay))
            {
                _scope.TryRun(_ => relay.DisposeAsync().AsTask());
            }
        }
    }

    private void Open(TurnRelayWanted wanted)
    {
        IPAddress local = wanted.IsV6 ? _options.RelayV6! : _options.RelayV4!;
        if (!TryBind(local, wanted.IsEven, out UdpEndpoint? relay))
        {
            Answer(_server.RelayFailed(wanted.Relay, _output));
            return;
        }
        relay.Add(new Relay(this, wanted.Relay));
        _relays.Add(wanted.Relay, relay);
        relay.Start();
        IPAddress told = wanted.IsV6 ? local : _options.PublicV4 ?? local;
        Answer(_server.RelayOpened(wanted.Relay, new IPEndPoint(told, relay.LocalEndPoint.Port), MonotonicClock.Now, _output));
    }

    private bool TryBind(IPAddress local, bool isEven, [NotNullWhen(true)] out UdpEndpoint? relay)
    {
        for (int attempt = 0; attempt < PortAttempts; attempt++)
        {
            int port = _options.FirstPort == 0 ? 0 : RandomNumberGenerator.GetInt32(_options.FirstPort, _options.LastPort + 1);
            try
            {
                UdpEndpoint bound = relay = UdpEndpoint.Bind(new IPEndPoint(local, port), RelaySocket);
                if (!isEven || bound.LocalEndPoint.Port % 2 == 0)
                    return true;
                _scope.TryRun(_ => bound.DisposeAsync().AsTask());
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && port != 0)
            {
                // Another port may be free.
            }
            catch (SocketException)
            {
                break;
            }
        }
        relay = null;
        return false;
    }

    private sealed class Relay(TurnServerDriver driver, int number) : IDatagramReceiver
    {
        private readonly DatagramOutbox _outbox = new();

        public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
        {
            driver.ReceiveFromPeer(number, datagram, from, _outbox);
            return true;
        }

        public void BeginBatch() => _outbox.Begin();

        public void EndBatch() => _outbox.End();
    }
}
