using System.Net;
using System.Threading.Channels;
using Compeer.Network.Transports;

namespace Compeer.Tests.Transports;

public sealed class UdpEndpointTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    public async Task Datagrams_arrive_with_the_senders_plain_address(string bind, string reach)
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Parse(bind), 0));
        await using UdpEndpoint there = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Parse(reach), 0));
        var received = new Receiver(_ => true);
        here.Add(received);
        here.Start();
        Assert.True(there.TrySend("hello"u8, new IPEndPoint(IPAddress.Parse(reach), here.LocalEndPoint.Port)));
        (byte[] data, IPEndPoint from) = await received.NextAsync();
        Assert.Equal("hello"u8.ToArray(), data);
        Assert.Equal(there.LocalEndPoint, from);
    }

    [Fact]
    public async Task Each_datagram_goes_to_the_first_receiver_that_takes_it()
    {
        await using UdpEndpoint here = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var letters = new Receiver(d => d[0] == (byte)'d');
        var rest = new Receiver(_ => true);
        here.Add(letters);
        here.Add(rest);
        here.Start();
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
