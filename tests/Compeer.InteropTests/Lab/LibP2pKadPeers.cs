using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;

namespace Compeer.InteropTests.Lab;

/// <summary>Nodes of js-libp2p that serve a DHT (lab/peers/js/libp2p_kad.mjs), and a host of ours that tells them what to do.</summary>
public sealed class LibP2pKadPeers(PeerHost control, IReadOnlyList<Multiaddr> addresses) : IAsyncDisposable
{
    /// <summary>Where they listen, with their ids.</summary>
    public IReadOnlyList<Multiaddr> Addresses => addresses;

    /// <summary>Starts them in one process; each has a port and an identity of its own.</summary>
    public static async Task<LibP2pKadPeers> StartAsync(LabHost host, int count, string protocol)
    {
        Prerequisites.Demand(Needs.NodePackages);
        var process = new JsonProcess(host, Prerequisites.PathOf("node"), [LabFiles.Peer("js/libp2p_kad.mjs"), host.Address, "--count", $"{count}", "--protocol", protocol]);
        JsonEvent ready = await process.WaitForAsync("ready", TimeSpan.FromSeconds(60));
        Multiaddr[] listening = [.. ready.Values.GetProperty("addresses").EnumerateArray().Select(a => Multiaddr.Parse(a.GetString()!))];
        return new LibP2pKadPeers(await PeerHost.StartAsync(new PeerHostOptions()), listening);
    }

    /// <summary>Has one of them do something; fails with what it says when it cannot.</summary>
    public async Task<JsonElement> DoAsync(int peer, object what, CancellationToken cancellationToken)
    {
        HostConnection connection = await control.ConnectAsync(addresses[peer], cancellationToken);
        await using DuplexStream stream = await connection.OpenStreamAsync(["/lab/kad"], cancellationToken);
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(what), cancellationToken);
        stream.CompleteWrites();
        var answer = new MemoryStream();
        await stream.CopyToAsync(answer, cancellationToken);
        JsonElement said = JsonDocument.Parse(answer.ToArray()).RootElement;
        return said.TryGetProperty("error", out JsonElement error) ? throw new LabException($"js could not do {JsonSerializer.Serialize(what)}: {error}") : said;
    }

    public ValueTask DisposeAsync() => control.DisposeAsync();
}
