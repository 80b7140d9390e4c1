using System.IO.Pipelines;
using System.Security.Cryptography;
using Compeer.Network.Hosting;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Hosting;

/// <summary>CopyToAsync of a stream to a peer, which most handlers are made of.</summary>
public sealed class StreamCopyTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Fact]
    public async Task Everything_is_copied_in_order_and_a_slow_destination_holds_the_remote_back()
    {
        await using HostPair pair = await HostPair.StartAsync();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        Task copying = Task.CompletedTask;
        var done = new TaskCompletionSource();
        pair.Listener.Handle("/copy", async (stream, token) =>
        {
            await using Stream destination = pipe.Writer.AsStream();
            await (copying = stream.CopyToAsync(destination, token));
            done.SetResult();
        });
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/copy", _limit);
        byte[] data = RandomNumberGenerator.GetBytes(4 << 20);
        Task writing = stream.WriteAsync(data, _limit).AsTask();
        ReadResult first = await pipe.Reader.ReadAsync(_limit);
        pipe.Reader.AdvanceTo(first.Buffer.Start);
        Assert.False(writing.IsCompleted);
        Assert.False(copying.IsCompleted);

        byte[] copied = new byte[data.Length];
        await pipe.Reader.AsStream(leaveOpen: true).ReadExactlyAsync(copied, _limit);
        await writing;
        stream.CompleteWrites();
        await done.Task.WaitAsync(_limit);
        Assert.Equal(data, copied);
    }

    [Fact]
    public async Task A_copy_that_waits_ends_with_its_stream_or_its_token()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/silent", (_, token) => Task.Delay(Timeout.Infinite, token));
        DuplexStream first = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/silent", _limit);
        Task copying = first.CopyToAsync(Stream.Null, _limit);
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.CopyToAsync(Stream.Null, _limit));
        first.Abort();
        Assert.Equal(YamuxCut.ByUs, (await Assert.ThrowsAsync<StreamCutException>(() => copying)).Cut);

        DuplexStream second = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/silent", _limit);
        copying = second.CopyToAsync(Stream.Null, _limit);
        await second.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => copying);

        DuplexStream third = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/silent", _limit);
        using var cancel = new CancellationTokenSource();
        copying = third.CopyToAsync(Stream.Null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
    }

    [Fact]
    public async Task What_a_destination_did_not_take_can_still_be_read()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle("/greet", async (stream, token) =>
        {
            await stream.WriteAsync("hello"u8.ToArray(), token);
            stream.CompleteWrites();
        });
        await using DuplexStream stream = await pair.Dialer.OpenStreamAsync(pair.Listener.Id, "/greet", _limit);
        await Assert.ThrowsAsync<NotSupportedException>(() => stream.CopyToAsync(new MemoryStream(new byte[1]), _limit));
        var taken = new MemoryStream();
        await stream.CopyToAsync(taken, _limit);
        Assert.Equal("hello"u8.ToArray(), taken.ToArray());
    }
}
