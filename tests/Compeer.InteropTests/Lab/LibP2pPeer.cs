using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>js-libp2p (npm) in a process of its own: lab/peers/js/libp2p_peer.mjs.</summary>
public static class LibP2pPeer
{
    private const int Port = 4001;

    /// <summary>The address of the bridge, on which the test itself may listen: every host of the network reaches it.</summary>
    public static string BridgeAddress(LabHost host) =>
        host.Address[..(host.Address.LastIndexOfAny(['.', ':']) + 1)] + (host.Address.Contains(':', StringComparison.Ordinal) ? "fe" : "254");

    /// <summary>One that listens; returns when it does, with where.</summary>
    public static async Task<(JsonProcess Peer, string Address)> ListenAsync(LabHost host, string security, string transport = "tcp", params string[] options)
    {
        string address = $"/ip4/{host.Address}/tcp/{Port}{SuffixOf(transport)}";
        JsonProcess peer = Start(host, ["listen", address, "--enc", security, .. options]);
        JsonEvent ready = await peer.WaitForAsync("ready", TimeSpan.FromSeconds(60));
        return (peer, $"{address}/p2p/{ready.Text("id")}");
    }

    /// <summary>One that dials, and asks for <paramref name="what"/> one after the other.</summary>
    public static JsonProcess Dial(LabHost host, string address, string what, string security, int count = 1, int bytes = 1000, params string[] options) =>
        Start(host, ["dial", address, what, "--enc", security, "--count", Text(count), "--bytes", Text(bytes), .. options]);

    /// <summary>The end of an address of "tcp", "ws" or "wss".</summary>
    public static string SuffixOf(string transport) => transport == "tcp" ? "" : transport == "ws" ? "/ws" : "/tls/ws";

    /// <summary>What it says of one thing that it was asked to do; fails when that failed.</summary>
    public static async Task<JsonEvent> DoneAsync(JsonProcess peer, string what)
    {
        JsonEvent end = await peer.WaitForAsync(e => e.Text("what") == what || e.Text("what") == "dial", $"end of '{what}'", TimeSpan.FromSeconds(90));
        return end.Name == "done" ? end : throw new LabException($"{what} failed: {end.Text("message")}\n{peer.Said}");
    }

    private static JsonProcess Start(LabHost host, IEnumerable<string> arguments)
    {
        Prerequisites.Demand(Needs.NodePackages);
        return new JsonProcess(host, Prerequisites.PathOf("node"), [LabFiles.Peer("js/libp2p_peer.mjs"), .. arguments, "--seconds", "150"]);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
