using System.Text.Json.Serialization;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Examples;

/// <summary>A question and its answer, both typed; and a notice that wants none.</summary>
public static partial class RequestExample
{
    private static readonly RequestProtocol<int[], long> Sum = new("/example/sum/1.0.0", MessageCodec.Json(Known.Default.Int32Array), MessageCodec.Json(Known.Default.Int64));
    private static readonly NoticeProtocol<string> Thanks = new("/example/thanks/1.0.0", MessageCodec.Text);

    public static async Task RunAsync(TextWriter output)
    {
        var thanked = new TaskCompletionSource<string>();
        await using PeerHost server = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        server.HandleRequests(Sum, (_, numbers, _) => Task.FromResult(numbers.Sum(n => (long)n)));
        server.HandleNotices(Thanks, (_, text, _) => Task.FromResult(thanked.TrySetResult(text)));

        await using PeerHost client = await PeerHost.StartAsync(new PeerHostOptions());
        client.AddAddresses(server.Id, server.Addresses);
        await output.WriteLineAsync($"1 + 2 + 3 = {await client.RequestAsync(server.Id, Sum, [1, 2, 3])}");
        await client.NotifyAsync(server.Id, Thanks, "Thank you");
        await output.WriteLineAsync(await thanked.Task);
    }

    /// <summary>What the compiler writes the JSON of.</summary>
    [JsonSerializable(typeof(int[]))]
    [JsonSerializable(typeof(long))]
    private sealed partial class Known : JsonSerializerContext;
}
