using System.IO.Pipelines;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identify;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Hosting;

public sealed class PeerHostTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData(SecurityProtocols.Noise)]
    [InlineData(SecurityProtocols.Tls)]
    public async Task A_stream_carries_bytes_both_ways_and_each_side_ends_its_own(string security)
    {
        await using HostPair pair = await HostPair.StartAsync(new PeerHostOptions { Security = [security] });
        pair.Listener.Handle("/digest", async (stream, token) => await stream.WriteAsync(await SHA256.HashDataAsync(stream, token), token));
        byte[] data = RandomNumberGenerator.GetBytes(3 << 20);

        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/digest", _limit);
        await stream.WriteAsync(data, _limit);
        stream.CompleteWrites();
        byte[] digest = new byte[32];
        await stream.ReadExactlyAsync(digest, _limit);

        Assert.Equal(SHA256.HashData(data), digest);
        Assert.Equal(0, await stream.ReadAsync(new byte[1], _limit));
        Assert.Equal(security, stream.Connection.Security);
        Assert.Equal(pair.Listener.Id, stream.RemotePeer);
        Assert.False(stream.IsIncoming);
    }

    [Fact]
    public async Task Both_sides_tell_about_themselves()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/mine", (_, _) => Task.CompletedTask);
        var arrived = new TaskCompletionSource<HostConnection>();
        pair.Listener.Connected += arrived.SetResult;

        HostConnection ours = await pair.Dialer.ConnectAsync(pair.Address, _limit);
        IdentifyMessage? told = await ours.Identified.WaitAsync(_limit);
        IdentifyMessage? aboutUs = await (await arrived.Task.WaitAsync(_limit)).Identified.WaitAsync(_limit);

        Assert.NotNull(told);
        Assert.Equal(pair.Listener.Options.Identity.PublicKey, told.PublicKey);
        Assert.Equal(pair.Listener.Addresses, told.ListenAddresses);
        Assert.Equal(ours.LocalAddress, told.ObservedAddress);
        Assert.Contains("/mine", told.Protocols);
        Assert.Equal(pair.Dialer.Id, PeerId.FromPublicKey(aboutUs!.PublicKey!));
    }

    [Fact]
    public async Task Peers_are_told_of_new_protocols()
    {
        await using HostPair pair = await HostPair.StartAsync();
        HostConnection connection = await pair.Dialer.ConnectAsync(pair.Address, _limit);
        await connection.Identified.WaitAsync(_limit);
        var later = new TaskCompletionSource();
        pair.Dialer.Identified += c =>
        {
            if (c == connection && c.Remote!.Protocols.Contains("/later"))
                later.TrySetResult();
        };
        pair.Listener.Handle("/later", (_, _) => Task.CompletedTask);

        await later.Task.WaitAsync(_limit);
        Assert.Contains(pair.Listener.Addresses[0], pair.Dialer.AddressesOf(pair.Listener.Id));
    }

    [Fact]
    public async Task Who_has_told_where_it_listens_can_be_dialled_back()
    {
        await using HostPair pair = await HostPair.StartAsync(dialer: new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        var arrived = new TaskCompletionSource<HostConnection>();
        pair.Listener.Connected += c => arrived.TrySetResult(c);
        await pair.Dialer.ConnectAsync(pair.Listener.Id, _limit);
        HostConnection incoming = await arrived.Task.WaitAsync(_limit);
        Assert.NotNull(await incoming.Identified.WaitAsync(_limit));
        await incoming.CloseAsync();

        HostConnection back = await pair.Listener.ConnectAsync(pair.Dialer.Id, _limit);
        Assert.Equal(pair.Dialer.Addresses[0], back.RemoteAddress);
    }

    [Fact]
    public async Task A_ping_comes_back()
    {
        await using HostPair pair = await HostPair.StartAsync();
        Assert.InRange(await pair.Dialer.PingAsync(pair.Listener.Id, _limit), TimeSpan.FromTicks(1), HostPair.Limit);
    }

    [Fact]
    public async Task A_peer_with_another_key_than_the_one_that_was_dialled_is_refused()
    {
        await using HostPair pair = await HostPair.StartAsync();
        PeerId meant = PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey);

        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => pair.Dialer.ConnectAsync(pair.Listener.Addresses[0].With(meant), _limit));
        Assert.Contains(meant.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Empty(pair.Dialer.Connections);
    }

    [Fact]
    public async Task A_protocol_that_the_peer_does_not_have_is_refused_and_the_connection_stays()
    {
        await using HostPair pair = await HostPair.StartAsync();
        var e = await Assert.ThrowsAsync<ProtocolRefusedException>(() => pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/nothing", _limit));
        Assert.Contains("/nothing", e.Message, StringComparison.Ordinal);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
        Assert.Single(pair.Dialer.Connections);
    }

    [Fact]
    public async Task The_first_protocol_that_the_peer_has_is_taken()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/v1", async (stream, token) => await stream.WriteMessageAsync("old"u8.ToArray(), token));
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, ["/v2", "/v1"], _limit);
        Assert.Equal("/v1", stream.Protocol);
        Assert.Equal("old"u8.ToArray(), await stream.ReadMessageAsync(10, _limit));
        Assert.Null(await stream.ReadMessageAsync(10, _limit));
    }

    [Fact]
    public async Task A_handler_that_fails_resets_its_stream_only()
    {
        await using HostPair pair = await HostPair.StartAsync();
        var failed = new TaskCompletionSource<Exception>();
        pair.Listener.HandlerFailed += (_, e) => failed.SetResult(e);
        pair.Listener.Handle("/fails", async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[1], token);
            throw new InvalidOperationException("on purpose");
        });

        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/fails", _limit);
        await stream.WriteAsync(new byte[1], _limit);
        var e = await Assert.ThrowsAsync<StreamCutException>(async () => await stream.ReadExactlyAsync(new byte[1], _limit));
        Assert.Equal(YamuxCut.ByRemote, e.Cut);
        Assert.Equal("on purpose", (await failed.Task.WaitAsync(_limit)).Message);
        await pair.Dialer.PingAsync(pair.Listener.Id, _limit);
    }

    [Fact]
    public async Task A_handler_that_does_not_read_stalls_its_own_stream_only()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/stall", (_, token) => Task.Delay(Timeout.Infinite, token));
        pair.Listener.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        await using DuplexStream stalled = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/stall", _limit);
        Task write = stalled.WriteAsync(new byte[4 << 20], _limit).AsTask();

        byte[] data = RandomNumberGenerator.GetBytes(1 << 20);
        await using DuplexStream echo = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/echo", _limit);
        Task sending = echo.WriteAsync(data, _limit).AsTask();
        byte[] back = new byte[data.Length];
        await echo.ReadExactlyAsync(back, _limit);
        await sending;

        Assert.Equal(data, back);
        Assert.False(write.IsCompleted);
        stalled.Abort();
        await Assert.ThrowsAsync<StreamCutException>(() => write);
    }

    [Fact]
    public async Task A_cancelled_write_resets_its_stream()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/stall", (_, token) => Task.Delay(Timeout.Infinite, token));
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/stall", _limit);
        using var cancel = new CancellationTokenSource();
        Task write = stream.WriteAsync(new byte[4 << 20], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        await Assert.ThrowsAsync<StreamCutException>(async () => await stream.WriteAsync(new byte[1], _limit));
    }

    [Fact]
    public async Task Streams_are_pipes_too()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/echo", _limit);
        await stream.Output.WriteAsync("through the pipe"u8.ToArray(), _limit);
        stream.CompleteWrites();
        ReadResult read = await stream.Input.ReadAtLeastAsync(16, _limit);
        Assert.Equal("through the pipe"u8.ToArray(), System.Buffers.BuffersExtensions.ToArray(read.Buffer));
    }

    [Fact]
    public async Task Many_streams_at_once_each_get_their_own_bytes()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/echo", (stream, token) => stream.CopyToAsync(stream, token));
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            byte[] data = RandomNumberGenerator.GetBytes(1 + (i * 97 % 20_000));
            await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/echo", _limit);
            await stream.WriteAsync(data, _limit);
            stream.CompleteWrites();
            var back = new MemoryStream();
            await stream.CopyToAsync(back, _limit);
            Assert.Equal(data, back.ToArray());
        }));
        HostConnection connection = Assert.Single(pair.Dialer.Connections);
        while (connection.StreamCount > 0)
            await Task.Delay(10, _limit);
    }

    [Fact]
    public async Task Who_asks_for_the_same_peer_at_once_shares_one_connection()
    {
        await using HostPair pair = await HostPair.StartAsync();
        HostConnection[] connections = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => pair.Dialer.ConnectAsync(pair.Listener.Id, _limit)));
        Assert.Single(connections.Distinct());
    }

    [Fact]
    public async Task When_a_host_ends_its_peers_notice()
    {
        await using HostPair pair = await HostPair.StartAsync();
        HostConnection connection = await pair.Dialer.ConnectAsync(pair.Listener.Id, _limit);
        await pair.Listener.DisposeAsync();
        await connection.Closed.WaitAsync(_limit);
        Assert.Empty(pair.Dialer.Connections);
        await Assert.ThrowsAsync<PeerUnreachableException>(() => pair.Dialer.ConnectAsync(pair.Listener.Id, _limit));
    }

    [Fact]
    public async Task Unknown_and_unfit_addresses_fail_with_words()
    {
        await using HostPair pair = await HostPair.StartAsync();
        PeerId nobody = PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey);
        Assert.Contains("no address", (await Assert.ThrowsAsync<PeerUnreachableException>(() => pair.Dialer.ConnectAsync(nobody, _limit))).Message, StringComparison.Ordinal);
        Assert.Contains("no transport", (await Assert.ThrowsAsync<PeerUnreachableException>(() => pair.Dialer.ConnectAsync(Multiaddr.Parse("/ip4/127.0.0.1/udp/1").With(nobody), _limit))).Message, StringComparison.Ordinal);
        var bound = await Assert.ThrowsAsync<PeerUnreachableException>(() => PeerHost.StartAsync(new PeerHostOptions { Listen = pair.Listener.Addresses }));
        Assert.Contains("another program uses that address", bound.Message, StringComparison.Ordinal);
    }
}
