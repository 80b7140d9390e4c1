using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Transports;

/// <summary>uTP streams over real ports.</summary>
public sealed class UtpTransportTests
{
    [Theory]
    [InlineData("127.0.0.1", true, true)]
    [InlineData("127.0.0.1", true, false)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("127.0.0.1", false, false)]
    [InlineData("::1", true, true)]
    public async Task Bytes_arrive_in_order_both_ways_and_the_end_is_told(string address, bool hereInBatches, bool thereInBatches)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using Node here = new(address, batches: hereInBatches), there = new(address, batches: thereInBatches);
        using PeerStream a = await here.Utp.ConnectAsync(there.EndPoint, limit.Token);
        byte[] data = new byte[3_000_000];
        new Random(1).NextBytes(data);
        Task sending = SendAsync(a, data, limit.Token);
        using PeerStream b = await there.Accepted.ReadAsync(limit.Token);
        Assert.Equal((PeerPath.Utp, PeerPath.Utp), (a.Path, b.Path));
        Assert.Equal((here.EndPoint, there.EndPoint), (b.Remote, a.Remote));
        byte[] got = new byte[data.Length];
        await FillAsync(b, got, limit.Token);
        await sending;
        Assert.True(got.AsSpan().SequenceEqual(data));
        await SendAsync(b, data.AsMemory(0, 1000), limit.Token);
        await FillAsync(a, got.AsMemory(0, 1000), limit.Token);
        a.Dispose();
        await b.WaitReadableAsync(limit.Token);
        Assert.Equal(0, await b.ReceiveAsync(got, limit.Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await a.SendAsync(data, limit.Token));
    }

    [Fact]
    public async Task A_reader_that_stops_holds_the_writer_back()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using Node here = new("127.0.0.1", new UtpOptions { MaxReceiveBytes = 128 << 10 }), there = new("127.0.0.1", new UtpOptions { MaxReceiveBytes = 128 << 10 });
        using PeerStream a = await here.Utp.ConnectAsync(there.EndPoint, limit.Token);
        byte[] data = new byte[4_000_000];
        Task sending = SendAsync(a, data, limit.Token);
        using PeerStream b = await there.Accepted.ReadAsync(limit.Token);
        await b.WaitReadableAsync(limit.Token);
        Assert.NotSame(sending, await Task.WhenAny(sending, Task.Delay(500, limit.Token)));
        await FillAsync(b, data, limit.Token);
        await sending;
    }

    [Fact]
    public async Task Waiting_ends_by_cancellation_by_disposal_and_by_the_remotes_reset()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using Node here = new("127.0.0.1"), there = new("127.0.0.1");
        using PeerStream a = await here.Utp.ConnectAsync(there.EndPoint, limit.Token);
        using var cancelled = new CancellationTokenSource();
        ValueTask<int> receiving = a.ReceiveAsync(new byte[10], cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
        receiving = a.ReceiveAsync(new byte[10], limit.Token);
        a.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await receiving);
    }

    [Fact]
    public async Task Nobody_there_is_an_error_and_cancelling_ends_the_attempt()
    {
        await using Node here = new("127.0.0.1");
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var soon = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => here.Utp.ConnectAsync((IPEndPoint)silent.LocalEndPoint!, soon.Token));
    }

    private static async Task SendAsync(PeerStream stream, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        while (!data.IsEmpty)
            data = data[await stream.SendAsync(data, cancellationToken)..];
    }

    private static async Task FillAsync(PeerStream stream, Memory<byte> target, CancellationToken cancellationToken)
    {
        while (!target.IsEmpty)
        {
            int got = await stream.ReceiveAsync(target, cancellationToken);
            Assert.NotEqual(0, got);
            target = target[got..];
        }
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly UdpEndpoint _udp;
        private readonly Channel<PeerStream> _accepted = Channel.CreateUnbounded<PeerStream>();

        public Node(string address, UtpOptions? options = null, bool batches = true)
        {
            _udp = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Parse(address), 0), new DatagramSocketOptions { UseBatchCalls = batches });
            Utp = new UtpTransport(_udp, _udp.LocalEndPoint, options ?? new(), PeerPath.Utp, stream => _accepted.Writer.TryWrite(stream));
            _udp.Add(Utp);
            _udp.Start();
        }

        public UtpTransport Utp { get; }

        public IPEndPoint EndPoint => _udp.LocalEndPoint;

        public ChannelReader<PeerStream> Accepted => _accepted.Reader;

        public async ValueTask DisposeAsync()
        {
            await Utp.DisposeAsync();
            await _udp.DisposeAsync();
        }
    }
}
