using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Turn;
using Compeer.Protocols.Utp;

namespace Compeer.Network.Turn;

/// <summary>
/// A port of ours at a relay, with uTP over it: asked for until it is there, kept, and asked for anew when it is lost. Whoever
/// has other ways goes on with them meanwhile. Thread-safe. Dispose it before the UDP port, so that it can give its port back.
/// </summary>
public sealed class RelayService : IDatagramReceiver, IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    // Within the smallest packets that each path passes, and the largest of Ethernet, with headers of IPv6 and the relay's own.
    private const int SafeDatagramBytes = 1280 - 48 - TurnClientSession.MaxOverheadBytes;
    private const int MaxDatagramBytes = 1500 - 48 - TurnClientSession.MaxOverheadBytes;

    private readonly RelayUri _relay;
    private readonly AddressFamily _family;
    private readonly UtpOptions _utp;
    private readonly Action<PeerStream> _accepted;
    private readonly TurnClient _turn;
    private readonly TaskScope _scope = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile UtpTransport? _transport;

    /// <param name="relay">Where it is, and who we are there.</param>
    /// <param name="port">The port to the relay, to which this is added before all other receivers; not owned.</param>
    /// <param name="utp">Values and bounds of uTP; the sizes of datagrams are chosen here.</param>
    /// <param name="accepted">Takes over streams that peers opened. Called on any thread; returns soon.</param>
    public RelayService(RelayUri relay, UdpEndpoint port, UtpOptions utp, Action<PeerStream> accepted)
    {
        _relay = relay;
        IPAddress local = port.LocalEndPoint.Address;
        _family = local.Equals(IPAddress.IPv6Any) ? AddressFamily.Unspecified : local.AddressFamily;
        _utp = utp with { SafeDatagramBytes = SafeDatagramBytes, MaxDatagramBytes = MaxDatagramBytes };
        _accepted = accepted;
        _turn = new TurnClient(port, new Receiver(this));
    }

    /// <summary>A snapshot.</summary>
    public RelayStatus Status { get; private set; } = new(null, null);

    /// <summary>Payload handed to the relay so far, with the headers of uTP.</summary>
    public long SentBytes => _turn.SentBytes;

    /// <summary>Payload that came through the relay so far, with the headers of uTP.</summary>
    public long ReceivedBytes => _turn.ReceivedBytes;

    /// <summary>Completes when the relay has first given a port, or not.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Begins to ask; after the port to the relay was started.</summary>
    public void Start() => _scope.TryRun(RunAsync);

    /// <summary>Lets peers at an address come through the relay from now on; those longest unused make room.</summary>
    public void Welcome(IPAddress peer) => _turn.Welcome(peer);

    /// <summary>Opens a stream that leaves from the relay.</summary>
    /// <exception cref="SocketException">No answer, refused, or no port at the relay now.</exception>
    public Task<PeerStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken) =>
        _transport?.ConnectAsync(remote, cancellationToken) ?? throw new SocketException((int)SocketError.NetworkUnreachable);

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from) => _turn.TryReceive(datagram, from);

    public void BeginBatch() => _turn.BeginBatch();

    public void EndBatch() => _turn.EndBatch();

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        await _turn.DisposeAsync();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan retry = FirstRetry;
        try
        {
            while (true)
            {
                if (await TryServeAsync(cancellationToken) is { } lost)
                    (retry, Status) = (FirstRetry, new(null, lost));
                _settled.TrySetResult();
                await Task.Delay(retry, cancellationToken);
                retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    /// <summary>Gets a port and serves it until it is lost; gives why, or null when there was none to be had.</summary>
    private async Task<string?> TryServeAsync(CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(_relay.Host, _family, cancellationToken);
            // Most peers have an IPv4 address only, and a port at a relay is of the family in which the relay was asked.
            IPAddress address = addresses.OrderBy(a => a.AddressFamily != AddressFamily.InterNetwork).FirstOrDefault() ?? throw new SocketException((int)SocketError.HostNotFound);
            TurnAllocated allocated = await _turn.AllocateAsync(new IPEndPoint(address, _relay.Port), _relay.Credentials!, cancellationToken);
            return await ServeAsync(allocated, cancellationToken);
        }
        catch (TurnException e)
        {
            Status = new(null, e.Message);
        }
        catch (SocketException e)
        {
            Status = new(null, $"The relay {_relay} cannot be found: {SocketErrors.Describe(e.SocketErrorCode)}.");
        }
        return null;
    }

    private async Task<string> ServeAsync(TurnAllocated allocated, CancellationToken cancellationToken)
    {
        await using var transport = new UtpTransport(_turn, allocated.Relayed, _utp, PeerPath.RelayedUtp, _accepted);
        _transport = transport;
        // Others who have a port at this relay dial us from there.
        _turn.Welcome(allocated.Relayed.Address);
        Status = new(allocated.Relayed, null, allocated.Mapped?.Address);
        _settled.TrySetResult();
        try
        {
            return (await _turn.Ended.WaitAsync(cancellationToken)).Message;
        }
        finally
        {
            _transport = null;
        }
    }

    /// <summary>What peers send to the relayed port.</summary>
    private sealed class Receiver(RelayService service) : IDatagramReceiver
    {
        public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from) => service._transport?.TryReceive(datagram, from) ?? false;

        public void BeginBatch() => service._transport?.BeginBatch();

        public void EndBatch() => service._transport?.EndBatch();
    }
}
