using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.MultistreamSelect;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Hosting;

/// <summary>What peers may make a host hold: in all, before they have said what they want, for a protocol, and each of them.</summary>
public sealed class ResourceScopeTests
{
    private const string Notes = "/notes";

    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData("system")]
    [InlineData("peer")]
    [InlineData("address")]
    public async Task Connections_beyond_a_limit_are_closed_and_those_that_are_open_stay(string scope)
    {
        var limits = scope switch
        {
            "system" => new ConnectionLimits { MaxConnections = 1 },
            "peer" => new ConnectionLimits { MaxPerPeer = 1 },
            _ => new ConnectionLimits { MaxPerPrefix = 1 },
        };
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = limits });
        var identity = PrivateIdentity.Generate();
        using RawPeer first = await RawPeer.StartAsync(pair.Address, identity, "127.0.0.2", _limit);
        await PingAsync(first);
        await Record.ExceptionAsync(async () =>
        {
            using RawPeer second = await RawPeer.StartAsync(pair.Address, scope == "address" ? PrivateIdentity.Generate() : identity, scope == "address" ? "127.0.0.2" : "127.0.0.3", _limit);
            await second.WaitForEndAsync(_limit);
        });
        await PingAsync(first);
        Assert.Single(pair.Listener.Connections);
        if (scope != "system")
            await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task Streams_without_a_protocol_are_bounded_over_all_peers_and_make_room_in_time()
    {
        var options = new PeerHostOptions { Limits = new ConnectionLimits { MaxTransientStreams = 5 }, NegotiationTimeout = TimeSpan.FromMilliseconds(300) };
        await using HostPair pair = await HostPair.StartAsync(options);
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        await attacker.SendAsync(Opening(6), [], _limit);
        await attacker.ReadFramesAsync(1, IsReset, _limit);
        await PingUntilServedAsync(pair);
    }

    [Fact]
    public async Task Streams_of_one_peer_are_bounded_over_its_connections_and_others_are_served()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxStreamsPerPeer = 8 } });
        var identity = PrivateIdentity.Generate();
        using RawPeer first = await RawPeer.StartAsync(pair.Address, identity, "127.0.0.2", _limit), second = await RawPeer.StartAsync(pair.Address, identity, "127.0.0.2", _limit);
        await first.SendAsync(Opening(8), [], _limit);
        await first.ReadFramesAsync(8, frame => (frame.Flags & YamuxFlags.Ack) != 0, _limit);
        await second.SendAsync(Opening(1), [], _limit);
        await second.ReadFramesAsync(1, IsReset, _limit);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task Streams_of_all_peers_are_bounded()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxStreams = 4 }, NegotiationTimeout = TimeSpan.FromMilliseconds(300) });
        using RawPeer one = await RawPeer.StartAsync(pair.Address, _limit), other = await RawPeer.StartAsync(pair.Address, _limit);
        await one.SendAsync(Opening(4), [], _limit);
        await one.ReadFramesAsync(4, frame => (frame.Flags & YamuxFlags.Ack) != 0, _limit);
        await other.SendAsync(Opening(1), [], _limit);
        await other.ReadFramesAsync(1, IsReset, _limit);
        await PingUntilServedAsync(pair);
    }

    [Fact]
    public async Task Who_goes_on_opening_streams_for_which_there_is_no_room_is_hung_up_on()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxStreamsPerPeer = 4 } });
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        Task sending = attacker.SendAsync(Opening(50_000), [], _limit);
        await attacker.WaitForEndAsync(_limit);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await sending;
            while (true)
                await attacker.SendAsync(Opening(1), [], _limit);
        });
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task Messages_that_are_only_promised_take_no_room()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxMessageBytesPerPeer = 1 << 20 } });
        pair.Listener.Handle(Notes, async (stream, token) => await stream.WriteAsync(await stream.ReadMessageAsync(1 << 20, token) ?? [], token));
        var waiting = new List<DuplexStream>();
        for (int i = 0; i < 100; i++)
        {
            waiting.Add(await pair.Dialer.OpenStreamAsync(pair.Listener.Id, Notes, _limit));
            await waiting[i].WriteAsync(new byte[] { 0x80, 0x80, 0x40 }, _limit);
        }

        // A hundred megabytes are promised; the first that comes with all its bytes is read whole.
        byte[] message = new byte[1 << 18];
        await using DuplexStream whole = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, Notes, _limit);
        await whole.WriteMessageAsync(message, _limit);
        byte[] came = new byte[message.Length];
        await whole.ReadExactlyAsync(came, _limit);
        foreach (DuplexStream stream in waiting)
            await stream.DisposeAsync();
    }

    [Theory]
    [InlineData("protocol")]
    [InlineData("system")]
    public async Task Messages_that_have_no_room_are_not_read_and_leave_none_taken(string scope)
    {
        var limits = scope switch
        {
            "protocol" => new ConnectionLimits { MaxMessageBytesPerProtocol = 100_000 },
            _ => new ConnectionLimits { MaxMessageBytes = 100_000 },
        };
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = limits });
        pair.Listener.Handle(Notes, async (stream, token) => await stream.WriteMessageAsync(await stream.ReadMessageAsync(1 << 20, token) ?? [], token));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(90_000, (await SendAsync(pair, 90_000))!.Length);
            await Assert.ThrowsAsync<StreamCutException>(() => SendAsync(pair, 110_000));
        }
    }

    [Fact]
    public async Task Messages_of_one_peer_share_their_room_and_a_single_one_has_it_all()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxMessageBytesPerPeer = 100_000 } });
        pair.Listener.Handle(Notes, async (stream, token) => await stream.WriteMessageAsync(await stream.ReadMessageAsync(1 << 20, token) ?? [], token));
        Assert.Equal(500_000, (await SendAsync(pair, 500_000))!.Length);

        // Of a second message half has come, so there is no room for all of another.
        await using DuplexStream begun = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, Notes, _limit);
        byte[] message = UnsignedVarint.Framed(new byte[60_000]);
        await begun.WriteAsync(message.AsMemory(0, 50_000), _limit);
        for (bool isRefused = false; !isRefused;)
            isRefused = await Record.ExceptionAsync(() => SendAsync(pair, 90_000)) is StreamCutException;
        await begun.WriteAsync(message.AsMemory(50_000), _limit);
        Assert.Equal(60_000, (await begun.ReadMessageAsync(1 << 20, _limit))!.Length);
        Assert.Equal(90_000, (await SendAsync(pair, 90_000))!.Length);
    }

    [Fact]
    public async Task A_second_connection_brings_a_peer_no_more_room_for_what_nobody_reads()
    {
        var options = new PeerHostOptions { Limits = new ConnectionLimits { MaxUnreadBytesPerPeer = 3 << 20 } };
        await using HostPair pair = await HostPair.StartAsync(options);
        pair.Listener.Handle(Notes, (_, token) => Task.Delay(Timeout.Infinite, token));
        var identity = PrivateIdentity.Generate();
        using RawPeer first = await RawPeer.StartAsync(pair.Address, identity, "127.0.0.2", _limit), second = await RawPeer.StartAsync(pair.Address, identity, "127.0.0.2", _limit);
        await FillAsync(first, 10);
        await PingAsync(first);
        Task more = FillAsync(second, 16);
        await second.WaitForEndAsync(_limit);
        await Record.ExceptionAsync(() => more);
        await PingAsync(first);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    /// <summary>So many streams, each with a full window that nobody reads.</summary>
    private async Task FillAsync(RawPeer peer, int streams)
    {
        byte[] wish = new NegotiationDialer([Notes]).TakeOutput();
        byte[] rest = new byte[YamuxOptions.InitialWindowBytes - wish.Length];
        for (uint id = 1; id < 2 * streams; id += 2)
        {
            await peer.SendAsync([new YamuxFrame(YamuxFrameType.Data, YamuxFlags.Syn, id, (uint)wish.Length)], wish, _limit);
            await peer.SendAsync([new YamuxFrame(YamuxFrameType.Data, YamuxFlags.None, id, (uint)rest.Length)], rest, _limit);
        }
    }

    /// <summary>Returns when the host has taken all that was sent before.</summary>
    private async Task PingAsync(RawPeer peer)
    {
        await peer.SendAsync([new YamuxFrame(YamuxFrameType.Ping, YamuxFlags.Syn, 0, 7)], [], _limit);
        await peer.ReadFramesAsync(1, frame => frame is { Type: YamuxFrameType.Ping, Flags: YamuxFlags.Ack, Length: 7 }, _limit);
    }

    private async Task<byte[]?> SendAsync(HostPair pair, int length)
    {
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, Notes, _limit);
        await stream.WriteMessageAsync(new byte[length], _limit);
        return await stream.ReadMessageAsync(1 << 20, _limit);
    }

    private async Task PingUntilServedAsync(HostPair pair)
    {
        for (bool isServed = false; !isServed;)
        {
            try
            {
                await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
                isServed = true;
            }
            catch (IOException)
            {
                // There is room once streams that named nothing have been given up.
                await Task.Delay(10, _limit);
            }
        }
    }

    private static IEnumerable<YamuxFrame> Opening(int count) =>
        Enumerable.Range(0, count).Select(i => new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, (uint)(2 * i) + 1, 0));

    private static bool IsReset(YamuxFrame frame) => (frame.Flags & YamuxFlags.Rst) != 0;
}
