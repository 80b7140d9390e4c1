using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;

namespace Compeer.Examples;

/// <summary>What one publishes, everybody gets who takes part in the topic, over others if need be.</summary>
public static class PubsubExample
{
    public static async Task RunAsync(TextWriter output)
    {
        await using PeerHost ann = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        await using PubsubService annsTopics = PubsubService.Start(ann, new PubsubOptions());
        using PubsubSubscription news = annsTopics.Subscribe("news");

        await using PeerHost bob = await PeerHost.StartAsync(new PeerHostOptions());
        await using PubsubService bobsTopics = PubsubService.Start(bob, new PubsubOptions());
        var annIsThere = new TaskCompletionSource();
        bobsTopics.SubscriptionChanged += (_, _, _) => annIsThere.TrySetResult();
        using PubsubSubscription bobsNews = bobsTopics.Subscribe("news");
        await bob.ConnectAsync(ann.Addresses[0].With(ann.Id));
        await annIsThere.Task;

        await bobsTopics.PublishAsync("news", "Bob is back"u8.ToArray());
        await foreach (ReceivedMessage message in news)
        {
            await output.WriteLineAsync($"{(message.Author == bob.Id ? "Bob" : "Somebody")} says: {Encoding.UTF8.GetString(message.Data.Span)}");
            return;
        }
    }
}
