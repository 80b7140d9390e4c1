using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>Foreign nodes of the Mainline DHT.</summary>
public static class DhtPeers
{
    public const int CloudSize = 40;
    public const int Port = 6881;

    /// <summary>Forty nodes of libtorrent in one process, each with an address of its own; where to join them.</summary>
    public static async Task<string> CloudAsync(LabNetwork network)
    {
        Prerequisites.Demand(Needs.Libtorrent);
        LabHost host = await network.AddHostAsync();
        string first = await network.AddAddressesAsync(host, CloudSize);
        var cloud = new JsonProcess(host, LabProcess.Python, [LabFiles.Peer("libtorrent_dht.py"), "cloud", "--first", first, "--count", Text(CloudSize), "--port", Text(Port)]);
        JsonEvent ready = await cloud.WaitForAsync("ready", TimeSpan.FromSeconds(60));
        return ready.Text("entry");
    }

    /// <summary>The addresses of all nodes of a cloud of IPv4, given where to join it.</summary>
    public static string[] NodesOf(string entry)
    {
        int dot = entry.LastIndexOf('.'), colon = entry.LastIndexOf(':');
        int first = int.Parse(entry[(dot + 1)..colon], CultureInfo.InvariantCulture);
        return [.. Enumerable.Range(first, CloudSize).Select(n => $"{entry[..dot]}.{Text(n)}{entry[colon..]}")];
    }

    /// <summary>libtorrent_dht.py peers|put|get|sample with an entry.</summary>
    public static JsonProcess Libtorrent(LabHost host, string entry, params string[] arguments)
    {
        Prerequisites.Demand(Needs.Libtorrent);
        return new JsonProcess(host, LabProcess.Python, [LabFiles.Peer("libtorrent_dht.py"), .. arguments, "--bind", host.Address, "--entry", entry, "--port", Text(Port)]);
    }

    /// <summary>bittorrent-dht from npm.</summary>
    public static JsonProcess Node(LabHost host, string entry, params string[] arguments)
    {
        Prerequisites.Demand(Needs.NodePackages);
        return new JsonProcess(host, Prerequisites.PathOf("node"), [LabFiles.Peer("js/bittorrent_dht.mjs"), "--bind", host.Address, "--entry", entry, "--port", Text(Port), .. arguments]);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
