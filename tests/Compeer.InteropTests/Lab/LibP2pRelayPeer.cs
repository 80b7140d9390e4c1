namespace Compeer.InteropTests.Lab;

/// <summary>js-libp2p as a relay, behind one, or dialling through one: lab/peers/js/libp2p_relay.mjs.</summary>
public static class LibP2pRelayPeer
{
    private const int Port = 4001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>A relay for anybody, and where it is.</summary>
    public static async Task<(JsonProcess Peer, string Address)> RelayAsync(LabHost host)
    {
        JsonProcess peer = Start(host, ["relay", $"/ip4/{host.Address}/tcp/{Port}"]);
        return (peer, Addresses(await peer.WaitForAsync("ready", Limit))[0]);
    }

    /// <summary>One that has a place at a relay, and its address there.</summary>
    public static async Task<(JsonProcess Peer, string Address)> ListenAsync(LabHost host, string relay, params string[] options)
    {
        JsonProcess peer = Start(host, ["listen", $"/ip4/{host.Address}/tcp/{Port}", "--relay", relay, .. options]);
        return (peer, Addresses(await peer.WaitForAsync("ready", Limit)).First(a => a.Contains("/p2p-circuit", StringComparison.Ordinal)));
    }

    /// <summary>One that dials, and says "echo" for each connection that carries an echo.</summary>
    public static JsonProcess Dial(LabHost host, string address, params string[] options) => Start(host, ["dial", address, .. options]);

    private static string[] Addresses(JsonEvent ready) => [.. ready.Values.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()!)];

    private static JsonProcess Start(LabHost host, IEnumerable<string> arguments)
    {
        Prerequisites.Demand(Needs.NodePackages);
        return new JsonProcess(host, Prerequisites.PathOf("node"), [LabFiles.Peer("js/libp2p_relay.mjs"), .. arguments, "--seconds", "110"]);
    }
}
