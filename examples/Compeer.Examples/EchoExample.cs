using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Examples;

/// <summary>What one sends comes back; each side ends its own direction.</summary>
public static class EchoExample
{
    public static async Task RunAsync(TextWriter output)
    {
        await using PeerHost server = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        server.Handle("/echo/1.0.0", (stream, token) => stream.CopyToAsync(stream, token));

        await using PeerHost client = await PeerHost.StartAsync(new PeerHostOptions());
        client.AddAddresses(server.Id, server.Addresses);
        await using DuplexStream stream = await client.OpenStreamAsync(server.Id, "/echo/1.0.0");
        await stream.WriteAsync("Is anybody there?"u8.ToArray());
        stream.CompleteWrites();

        using var reader = new StreamReader(stream);
        await output.WriteLineAsync(await reader.ReadToEndAsync());
    }
}
