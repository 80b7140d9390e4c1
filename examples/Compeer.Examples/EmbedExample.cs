using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.Examples;

/// <summary>The three lines of the README: a host with an identity, a service, a stream to a peer known by its key.</summary>
public static class EmbedExample
{
    public static async Task RunAsync(TextWriter output)
    {
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });
        host.Handle("/hello/1.0.0", async (stream, token) => await stream.WriteAsync("hello"u8.ToArray(), token));

        await using PeerHost other = await PeerHost.StartAsync(new PeerHostOptions());
        HostConnection peer = await other.ConnectAsync(host.Addresses[0].With(host.Id));
        await using DuplexStream stream = await other.OpenStreamAsync(peer.RemotePeer, "/hello/1.0.0");

        using var reader = new StreamReader(stream);
        await output.WriteLineAsync(await reader.ReadToEndAsync());
    }
}
