using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.PortMapping;

namespace Compeer.Network.PortMapping;

/// <summary>
/// Drives one <see cref="PortMapper"/> over sockets of its own: one connected to the gateway's port 5351, one that searches by
/// multicast on the link's interface, and HTTP. One loop owns the machine; at most 64 inputs wait, more are lost as datagrams are.
/// </summary>
internal sealed class PortMapperDriver : IDisposable
{
    private const int MaxWaiting = 64;
    private const int ReceiveBytes = 4096;

    private readonly PortMapper _mapper;
    private readonly GatewayLink _link;
    private readonly TimeSpan _httpTimeout;
    private readonly Action<PortMapperStatus> _changed;
    private readonly Channel<Action<Instant>> _inputs = Channel.CreateBounded<Action<Instant>>(MaxWaiting);
    private readonly Socket _gateway;
    private readonly Socket? _search;
    private PortMapperStatus? _told;

    /// <exception cref="SocketException">Our address has gone.</exception>
    public PortMapperDriver(PortMapper mapper, GatewayLink link, TimeSpan httpTimeout, Action<PortMapperStatus> changed)
    {
        _mapper = mapper;
        _link = link;
        _httpTimeout = httpTimeout;
        _changed = changed;
        IPAddress local = link.Link.Local;
        _gateway = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _gateway.Bind(new IPEndPoint(local, 0));
            // Connected: the system drops what others send, and reports that nothing listens.
            _gateway.Connect(new IPEndPoint(link.Link.Gateway, NatPmpCodec.Port));
            if (link.Link.IsV6)
                return;
            _search = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _search.Bind(new IPEndPoint(local, 0));
            _search.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(link.InterfaceIndex));
            _search.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 2);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The router and our address.</summary>
    public GatewayLink Link => _link;

    /// <summary>Runs until the token is cancelled and then until the mappings are removed, bounded by the mapper's own time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var scope = new TaskScope();
        scope.TryRun(token => ReceiveAsync(_gateway, fromGateway: true, token));
        if (_search is { } search)
            scope.TryRun(token => ReceiveAsync(search, fromGateway: false, token));
        _mapper.Start(MonotonicClock.Now);
        while (!_mapper.IsStopped)
        {
            Pump(scope);
            if (cancellationToken.IsCancellationRequested)
                _mapper.Stop(MonotonicClock.Now);
            Pump(scope);
            if (_mapper.IsStopped)
                break;
            await WaitAsync(cancellationToken.IsCancellationRequested ? CancellationToken.None : cancellationToken);
            Instant now = MonotonicClock.Now;
            while (_inputs.Reader.TryRead(out Action<Instant>? input))
                input(now);
            if (_mapper.NextDeadline <= now)
                _mapper.OnDeadline(now);
        }
        _changed(_mapper.Describe());
    }

    public void Dispose()
    {
        _gateway.Dispose();
        _search?.Dispose();
    }

    /// <summary>Sends what is to be sent and tells what has changed.</summary>
    private void Pump(TaskScope scope)
    {
        var output = new ArrayBufferWriter<byte>();
        while (_mapper.TryTransmit(output, out PortMapperChannel channel, MonotonicClock.Now))
        {
            Send(channel, output.WrittenSpan);
            output.ResetWrittenCount();
        }
        while (_mapper.TryTakeRequest(out IgdRequest? request))
            scope.TryRun(token => AskAsync(request, token));
        while (_mapper.TryTakeEvent(out _))
        {
            // What they tell is in the status too.
        }
        PortMapperStatus status = _mapper.Describe();
        if (!status.Equals(_told))
            _changed(_told = status);
    }

    private void Send(PortMapperChannel channel, ReadOnlySpan<byte> datagram)
    {
        try
        {
            if (channel == PortMapperChannel.Gateway)
                _gateway.Send(datagram);
            else
                _search?.SendTo(datagram, SsdpCodec.Group);
        }
        catch (SocketException e) when (channel == PortMapperChannel.Gateway && e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // The error of an earlier datagram; this one was not sent.
            _inputs.Writer.TryWrite(_mapper.OnGatewayUnreachable);
        }
        catch (SocketException)
        {
            // Lost, like any datagram: the machine asks again, and says in the end that nobody answered.
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait = _mapper.NextDeadline is { } deadline ? deadline - MonotonicClock.Now : TimeSpan.FromMinutes(1);
        if (wait <= TimeSpan.Zero)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(wait < TimeSpan.FromMinutes(1) ? wait : TimeSpan.FromMinutes(1));
        try
        {
            await _inputs.Reader.WaitToReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The deadline, or the end; the loop looks which.
        }
    }

    private async Task AskAsync(IgdRequest request, CancellationToken cancellationToken)
    {
        try
        {
            IgdReply reply = await IgdExchange.RunAsync(request, _link.Link.Local, _httpTimeout, cancellationToken);
            await _inputs.Writer.WriteAsync(now => _mapper.OnReply(reply, now), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The driver ends.
        }
    }

    private async Task ReceiveAsync(Socket socket, bool fromGateway, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[ReceiveBytes];
        EndPoint any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any, cancellationToken);
                byte[] datagram = buffer.AsSpan(0, received.ReceivedBytes).ToArray();
                var from = (IPEndPoint)received.RemoteEndPoint;
                _inputs.Writer.TryWrite(fromGateway
                    ? now => _mapper.ReceiveFromGateway(from, datagram, now)
                    : now => _mapper.ReceiveSearchAnswer(from, datagram, now));
            }
            catch (SocketException e)
            {
                if (fromGateway && e.SocketErrorCode == SocketError.ConnectionRefused)
                    _inputs.Writer.TryWrite(_mapper.OnGatewayUnreachable);
                else
                    await Task.Delay(100, CancellationToken.None);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
