using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Examples;

/// <summary>Two people talk over one stream: a message each way, as long as both want.</summary>
public static class ChatExample
{
    private const string Protocol = "/example/chat/1.0.0";
    private const int MaxBytes = 4096;

    public static async Task RunAsync(TextWriter output)
    {
        await using PeerHost ann = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        ann.Handle(Protocol, async (stream, token) =>
        {
            while (await HearAsync(stream, token) is { } text)
                await SayAsync(stream, $"Ann heard \"{text}\"", token);
        });

        await using PeerHost bob = await PeerHost.StartAsync(new PeerHostOptions());
        bob.AddAddresses(ann.Id, ann.Addresses);
        await using DuplexStream chat = await bob.OpenStreamAsync(ann.Id, Protocol);
        foreach (string text in (string[])["Hello Ann", "See you"])
        {
            await SayAsync(chat, text, CancellationToken.None);
            await output.WriteLineAsync(await HearAsync(chat, CancellationToken.None));
        }
    }

    private static async Task<string?> HearAsync(DuplexStream stream, CancellationToken token) =>
        await stream.ReadMessageAsync(MaxBytes, token) is { } message ? Encoding.UTF8.GetString(message) : null;

    private static ValueTask SayAsync(DuplexStream stream, string text, CancellationToken token) =>
        stream.WriteMessageAsync(Encoding.UTF8.GetBytes(text), token);
}
