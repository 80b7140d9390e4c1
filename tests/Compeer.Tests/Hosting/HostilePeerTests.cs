using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identify;
using Compeer.Protocols.MultistreamSelect;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Hosting;

/// <summary>Peers that flood, stall and lie over real sockets: they end or wait, and others are served.</summary>
public sealed class HostilePeerTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData("SYN flood")]
    [InlineData("twice the same stream")]
    [InlineData("more than the window")]
    [InlineData("window overflow")]
    public async Task Who_breaks_the_rules_of_streams_is_hung_up_on_and_others_are_served(string attack)
    {
        await using HostPair pair = await HostPair.StartAsync();
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        var open = new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 0);
        YamuxFrame[] frames = attack switch
        {
            "SYN flood" => [.. Enumerable.Range(0, 100_000).Select(i => open with { StreamId = (uint)(2 * i) + 1 })],
            "twice the same stream" => [open, open],
            "more than the window" => [open, new(YamuxFrameType.Data, YamuxFlags.None, 1, YamuxOptions.InitialWindowBytes + 1)],
            _ => [open, new(YamuxFrameType.WindowUpdate, YamuxFlags.None, 1, uint.MaxValue)],
        };
        Task sending = attacker.SendAsync(frames, [], _limit);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
        await IgnoreAsync(sending);
        await attacker.WaitForEndAsync(_limit);

        while (pair.Listener.Connections.Count > 1)
            await Task.Delay(10, _limit);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Theory]
    [InlineData(YamuxFrameType.Ping, YamuxFlags.Syn, 0)]
    [InlineData(YamuxFrameType.WindowUpdate, YamuxFlags.None, 1)]
    [InlineData(YamuxFrameType.GoAway, YamuxFlags.None, 0)]
    public async Task Floods_of_a_peer_that_reads_nothing_keep_nobody_from_being_served(YamuxFrameType type, YamuxFlags flags, uint stream)
    {
        await using HostPair pair = await HostPair.StartAsync();
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        await attacker.SendAsync([new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 0)], [], _limit);
        await IgnoreAsync(attacker.SendAsync(Enumerable.Range(0, 1_000_000).Select(i => new YamuxFrame(type, flags, stream, type == YamuxFrameType.Ping ? (uint)i : 0)), [], _limit));
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_written_no_more_than_its_window_and_others_are_served()
    {
        await using HostPair pair = await HostPair.StartAsync();
        long written = 0;
        pair.Listener.Handle("/flood", async (stream, token) =>
        {
            for (byte[] block = new byte[64 * 1024]; ; Interlocked.Add(ref written, block.Length))
                await stream.WriteAsync(block, token);
        });
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        byte[] wish = new NegotiationDialer(["/flood"]).TakeOutput();
        await attacker.SendAsync([new YamuxFrame(YamuxFrameType.Data, YamuxFlags.Syn, 1, (uint)wish.Length)], wish, _limit);
        while (Interlocked.Read(ref written) < YamuxOptions.InitialWindowBytes / 2)
            await Task.Delay(10, _limit);

        for (int i = 0; i < 20; i++)
            await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
        Assert.InRange(Interlocked.Read(ref written), 0, YamuxOptions.InitialWindowBytes);
    }

    [Fact]
    public async Task An_identify_message_of_a_megabyte_is_not_taken()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Dialer.Unhandle(IdentifyMessage.Protocol);
        pair.Dialer.Handle(IdentifyMessage.Protocol, async (stream, token) => await stream.WriteMessageAsync(new byte[1 << 20], token));
        var arrived = new TaskCompletionSource<HostConnection>();
        pair.Listener.Connected += arrived.SetResult;
        await pair.Dialer.ConnectAsync(pair.Listener.Id, _limit);

        Assert.Null(await (await arrived.Task.WaitAsync(_limit)).Identified.WaitAsync(_limit));
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task An_identify_message_with_the_key_of_another_is_not_believed()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Dialer.Unhandle(IdentifyMessage.Protocol);
        byte[] lie = new IdentifyMessage { PublicKey = pair.Listener.Options.Identity.PublicKey, AgentVersion = "liar" }.Encode();
        pair.Dialer.Handle(IdentifyMessage.Protocol, async (stream, token) => await stream.WriteMessageAsync(lie, token));
        var arrived = new TaskCompletionSource<HostConnection>();
        pair.Listener.Connected += arrived.SetResult;
        await pair.Dialer.ConnectAsync(pair.Listener.Id, _limit);
        Assert.Null(await (await arrived.Task.WaitAsync(_limit)).Identified.WaitAsync(_limit));
    }

    [Fact]
    public async Task Silent_strangers_are_bounded_and_keep_nobody_out()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = new ConnectionLimits { MaxTransientConnections = 40, MaxTransientPerAddress = 10 } });
        Assert.True(pair.Address.TryGetTcp(out IPEndPoint? listening));
        var sockets = new List<Socket>();
        for (int i = 0; i < 200; i++)
            sockets.Add(await RawPeer.ConnectAsync(listening, $"127.0.1.{1 + (i / 20)}", _limit));

        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);

        // Of each address ten were let in, and of all forty stayed: the others are hung up on.
        int open = 200;
        for (byte[] one = new byte[1]; open > 40;)
        {
            open = 0;
            foreach (Socket socket in sockets)
                open += socket.Poll(0, SelectMode.SelectRead) && await ReadAsync(socket, one) == 0 ? 0 : 1;
            await Task.Delay(10, _limit);
        }
        Assert.Single(pair.Listener.Connections);
        sockets.ForEach(s => s.Dispose());
    }

    /// <summary>At night five thousand: half a thousand addresses, each with ten that say a little and then nothing, and come again when they are hung up on.</summary>
    [Fact]
    public async Task Slow_handshakes_from_many_places_keep_hardly_anybody_out()
    {
        int addresses = Environment.GetEnvironmentVariable("COMPEER_NIGHTLY") == "1" ? 500 : 50;
        var limits = new ConnectionLimits { MaxTransientConnections = 2 * addresses, MaxPerPrefix = 1000 };
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Limits = limits });
        Assert.True(pair.Address.TryGetTcp(out IPEndPoint? listening));
        using var ending = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        int begun = 0;
        Task[] crowd = [.. Enumerable.Range(0, 10 * addresses).Select(i => SlowAsync(i))];
        while (Volatile.Read(ref begun) < crowd.Length)
            await Task.Delay(10, ending.Token);

        int served = 0;
        for (int i = 0; i < 40; i++)
        {
            await using PeerHost honest = await PeerHost.StartAsync(new PeerHostOptions { Identity = PrivateIdentity.Generate() });
            try
            {
                await honest.ConnectAsync(pair.Address, ending.Token);
                await honest.PingAsync(pair.Listener.Id, ending.Token);
                served++;
            }
            catch (IOException)
            {
                // Few may fail.
            }
        }
        await ending.CancelAsync();
        await Task.WhenAll(crowd);
        Assert.InRange(served, 38, 40);

        async Task SlowAsync(int number)
        {
            string from = string.Create(CultureInfo.InvariantCulture, $"127.1.{number / 10 / 250}.{1 + (number / 10 % 250)}");
            bool isFirst = true;
            byte[] buffer = new byte[100];
            while (!ending.IsCancellationRequested)
            {
                try
                {
                    using Socket slow = await RawPeer.ConnectAsync(listening, from, ending.Token);
                    await slow.SendAsync(buffer.AsMemory(0, 1), ending.Token);
                    if (isFirst)
                        Interlocked.Increment(ref begun);
                    isFirst = false;
                    while (await slow.ReceiveAsync(buffer, ending.Token) > 0)
                    {
                    }
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    // Hung up on, or the test is over.
                    if (isFirst)
                        Interlocked.Increment(ref begun);
                    isFirst = false;
                }
                await Task.Delay(500, CancellationToken.None);
            }
        }
    }

    [Fact]
    public async Task A_handshake_that_takes_too_long_is_given_up()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(300) });
        Assert.True(pair.Address.TryGetTcp(out IPEndPoint? listening));
        using Socket slow = await RawPeer.ConnectAsync(listening, "127.0.0.3", _limit);
        while (await ReadAsync(slow, new byte[100]) > 0)
        {
        }
    }

    [Fact]
    public async Task A_stream_that_names_no_protocol_in_time_is_reset()
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { NegotiationTimeout = TimeSpan.FromMilliseconds(300) });
        using RawPeer attacker = await RawPeer.StartAsync(pair.Address, _limit);
        await attacker.SendAsync(Enumerable.Range(0, 100).Select(i => new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, (uint)(2 * i) + 1, 0)), [], _limit);
        await attacker.ReadFramesAsync(100, frame => (frame.Flags & YamuxFlags.Rst) != 0, _limit);
    }

    private static async Task<int> ReadAsync(Socket socket, byte[] target)
    {
        try
        {
            return await socket.ReceiveAsync(target);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static async Task IgnoreAsync(Task sending)
    {
        try
        {
            await sending;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was hung up on while it still sent.
        }
    }
}
