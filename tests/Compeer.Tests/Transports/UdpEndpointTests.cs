using System.Net;
using System.Threading.Channels;
using Compeer.Network.Transports;

namespace Compeer.Tests.Transports;

public sealed class UdpEndpointTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "127.0.0.1", false)]
    [InlineData("::1", "::1", false)]
    [InlineData("::", "127.0.0.1", true)]
    [InlineData("::", "127.0.0.1", false)]
    public async Task Datagrams_arrive_with_the_senders_plain_address(string bind, string reach, bool onOwnThread)
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Parse(bind), 0));
        await using UdpEndpoint there = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Parse(reach), 0));
        var received = new Receiver(_ => true);
        here.Add(received);
        here.Start(onOwnThread);
        Assert.True(there.TrySend("hello"u8, new IPEndPoint(IPAddress.Parse(reach), here.LocalEndPoint.Port)));
        (byte[] data, IPEndPoint from) = await received.NextAsync();
        Assert.Equal("hello"u8.ToArray(), data);
        Assert.Equal(there.LocalEndPoint, from);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_datagram_goes_to_the_first_receiver_that_takes_it(bool onOwnThread)
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var letters = new Receiver(d => d[0] == (byte)'d');
        var rest = new Receiver(_ => true);
        here.Add(letters);
        here.Add(rest);
        here.Start(onOwnThread);
        Assert.True(here.TrySend("other"u8, here.LocalEndPoint));
        Assert.True(here.TrySend("data"u8, here.LocalEndPoint, dontFragment: true));
        Assert.Equal("other"u8.ToArray(), (await rest.NextAsync()).Data);
        Assert.Equal("data"u8.ToArray(), (await letters.NextAsync()).Data);
    }

    [Fact]
    public async Task What_cannot_be_sent_is_refused_without_a_word()
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.False(here.TrySend(new byte[66_000], here.LocalEndPoint));
        Assert.False(here.TrySend("x"u8, new IPEndPoint(IPAddress.IPv6Loopback, 9)));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task An_endpoint_ends_while_it_waits_and_while_datagrams_come(bool onOwnThread, bool batches)
    {
        for (int round = 0; round < 20; round++)
        {
            UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0), new DatagramSocketOptions { UseBatchCalls = batches });
            var received = new Receiver(_ => true);
            here.Add(received);
            here.Start(onOwnThread);
            for (int i = 0; i < round * 5; i++)
                here.TrySend("x"u8, here.LocalEndPoint);
            if (round % 2 == 1)
                await received.NextAsync();
            await here.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.False(here.TrySend("x"u8, new IPEndPoint(IPAddress.Loopback, 9)));
        }
    }

    [Fact]
    public async Task A_closed_port_elsewhere_does_not_end_a_thread()
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        UdpEndpoint gone = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await gone.DisposeAsync();
        var received = new Receiver(_ => true);
        here.Add(received);
        here.Start(onOwnThread: true);
        for (int i = 0; i < 20; i++)
        {
            here.TrySend("lost"u8, gone.LocalEndPoint);
            Assert.True(here.TrySend("kept"u8, here.LocalEndPoint));
            Assert.Equal("kept"u8.ToArray(), (await received.NextAsync()).Data);
        }
    }

    private sealed class Receiver(Func<byte[], bool> takes) : IDatagramReceiver
    {
        private readonly Channel<(byte[] Data, IPEndPoint From)> _received = Channel.CreateUnbounded<(byte[], IPEndPoint)>();

        public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
        {
            byte[] copy = datagram.ToArray();
            return takes(copy) && _received.Writer.TryWrite((copy, from));
        }

        public async Task<(byte[] Data, IPEndPoint From)> NextAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            return await _received.Reader.ReadAsync(limit.Token);
        }
    }
}
