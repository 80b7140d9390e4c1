using System.Text.Json;
using System.Text.Json.Serialization;
using Compeer.Network.Hosting;

namespace Compeer.Tests.Hosting;

public sealed partial class RequestTests
{
    private static readonly RequestProtocol<int[], long> Sum = new("/sum/1", MessageCodec.Json(Known.Default.Int32Array), MessageCodec.Json(Known.Default.Int64)) { MaxBytes = 1000 };

    private readonly CancellationToken _limit = HostPair.Deadline();

    [JsonSerializable(typeof(int[]))]
    [JsonSerializable(typeof(long))]
    private sealed partial class Known : JsonSerializerContext;

    [Fact]
    public void Json_that_the_compiler_prepared_is_the_same_as_what_is_found_at_run_time()
    {
        (MessageCodec<int[]> prepared, MessageCodec<int[]> found) = (MessageCodec.Json(Known.Default.Int32Array), MessageCodec.Json<int[]>());
        Assert.Equal("[1,-2]"u8.ToArray(), prepared.Encode([1, -2]));
        Assert.Equal(found.Encode([1, -2]), prepared.Encode([1, -2]));
        foreach (MessageCodec<int[]> codec in new[] { prepared, found })
        {
            Assert.Equal([1, -2], codec.Decode("[1, -2]"u8.ToArray()));
            Assert.Throws<InvalidDataException>(() => codec.Decode("null"u8.ToArray()));
            Assert.Throws<JsonException>(() => codec.Decode("[1"u8.ToArray()));
        }
    }

    [Fact]
    public async Task A_request_gets_its_answer()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.HandleRequests(Sum, (_, numbers, _) => Task.FromResult(numbers.Sum(n => (long)n)));
        Assert.Equal(6, await pair.Dialer.RequestAsync(pair.Listener.Id, Sum, [1, 2, 3], _limit));
        long[] many = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => pair.Dialer.RequestAsync(pair.Listener.Id, Sum, [i, i], _limit)));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => 2L * i), many);
    }

    [Fact]
    public async Task What_is_too_long_or_malformed_or_fails_is_an_error_on_both_sides()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.HandleRequests(Sum, (_, numbers, _) => numbers.Length > 0 ? Task.FromResult(1L) : throw new InvalidOperationException("nothing to add"));
        await Assert.ThrowsAsync<ArgumentException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, Sum, new int[600], _limit));
        await Assert.ThrowsAsync<StreamCutException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, Sum with { MaxBytes = 10_000 }, new int[600], _limit));
        await Assert.ThrowsAsync<StreamCutException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, Sum, [], _limit));
        var asText = new RequestProtocol<string, long>("/sum/1", MessageCodec.Text, MessageCodec.Json<long>());
        await Assert.ThrowsAsync<StreamCutException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, asText, "no json", _limit));
        var wantsArray = new RequestProtocol<int[], int[]>("/sum/1", MessageCodec.Json<int[]>(), MessageCodec.Json<int[]>());
        await Assert.ThrowsAsync<InvalidDataException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, wantsArray, [1], _limit));
    }

    [Fact]
    public async Task An_answer_that_does_not_come_in_time_is_a_timeout()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.HandleRequests(Sum, async (_, _, token) =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return 0L;
        });
        var e = await Assert.ThrowsAsync<TimeoutException>(() => pair.Dialer.RequestAsync(pair.Listener.Id, Sum with { Deadline = TimeSpan.FromMilliseconds(300) }, [1], _limit));
        Assert.Contains("/sum/1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_notice_arrives_though_its_sender_hangs_up_at_once()
    {
        await using HostPair pair = await HostPair.StartAsync();
        var note = new NoticeProtocol<string>("/note/1", MessageCodec.Text);
        var heard = new TaskCompletionSource<string>();
        pair.Listener.HandleNotices(note, (peer, text, _) =>
        {
            heard.SetResult($"{peer == pair.Dialer.Id}: {text}");
            return Task.CompletedTask;
        });
        await pair.Dialer.NotifyAsync(pair.Listener.Id, note, "hello", _limit);
        Assert.Equal("True: hello", await heard.Task.WaitAsync(_limit));
    }

    [Fact]
    public async Task Values_are_fetched_by_key()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.ServeFetch((key, _) => Task.FromResult<byte[]?>(key == "known" ? [1, 2, 3] : null));
        Assert.Equal([1, 2, 3], (await pair.Dialer.FetchAsync(pair.Listener.Id, "known", _limit))!);
        Assert.Null(await pair.Dialer.FetchAsync(pair.Listener.Id, "unknown", _limit));
    }

    [Fact]
    public async Task Measurements_move_as_many_bytes_as_asked()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.ServePerf();
        Assert.Equal(5_000_000, await pair.Dialer.PerfAsync(pair.Listener.Id, upload: 3_000_000, download: 5_000_000, _limit));
    }
}
