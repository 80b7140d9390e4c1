using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>The plain Python peers of lab/peers.</summary>
public static class SmallPeer
{
    /// <summary>A leecher that never uploads.</summary>
    public static JsonProcess FreeRider(LabHost host, string torrent, string output, IEnumerable<string> peers) =>
        Start(host, "free_rider.py", ["--torrent", torrent, "--out", output, "--bind", host.Address, .. Peers(peers)]);

    /// <summary>A seed that changes a byte in every <paramref name="every"/>-th block; returns when it listens.</summary>
    public static async Task<JsonProcess> PoisonerAsync(LabHost host, string torrent, string file, int port, int every)
    {
        JsonProcess poisoner = Start(host, "poisoner.py", ["--torrent", torrent, "--data", file, "--bind", host.Address, "--port", Text(port), "--every", Text(every)]);
        await poisoner.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return poisoner;
    }

    /// <summary>Says "copy-out" when the given peers together hold every piece.</summary>
    public static JsonProcess Observer(LabHost host, string torrent, IEnumerable<string> peers) =>
        Start(host, "observer.py", ["--torrent", torrent, "--bind", host.Address, .. Peers(peers)]);

    /// <summary>An attack of lab/peers/hostile_peer.py on one address, for so many seconds at most.</summary>
    public static JsonProcess Attack(LabHost host, string mode, string target, string torrent, int count, int seconds, string? victim = null) =>
        Start(host, "hostile_peer.py", [mode, "--target", target, "--bind", host.Address, "--torrent", torrent, "--count", Text(count), "--seconds", Text(seconds), .. victim is null ? (string[])[] : ["--victim", victim]]);

    /// <summary>A tracker of lab/peers/hostile_tracker.py; returns when it listens.</summary>
    public static async Task<JsonProcess> HostileTrackerAsync(LabHost host, string mode, string bind, int port, string redirectTo)
    {
        JsonProcess tracker = Start(host, "hostile_tracker.py", [mode, "--bind", bind, "--port", Text(port), "--to", redirectTo]);
        await tracker.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return tracker;
    }

    /// <summary>Peers of lab/peers/pex_liar.py that all name ports of one victim; returns when they are connected.</summary>
    public static async Task<JsonProcess> PexLiarAsync(LabHost host, string torrent, string target, string victim, int count)
    {
        JsonProcess liar = Start(host, "pex_liar.py", ["--torrent", torrent, "--target", target, "--bind", host.Address, "--victim", victim, "--count", Text(count)]);
        await liar.WaitForAsync("ready", TimeSpan.FromSeconds(20));
        return liar;
    }

    /// <summary>Counts what reaches a host: attempts to connect, and announcements of local discovery.</summary>
    public static async Task<JsonProcess> PacketCounterAsync(LabHost host)
    {
        JsonProcess counter = Start(host, "packet_counter.py", []);
        await counter.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return counter;
    }

    /// <summary>One UDP port that asks the given addresses how they see it, answers whoever asks, and says "asked", "seen" and "heard"; returns when it listens.</summary>
    public static async Task<JsonProcess> UdpProbeAsync(LabHost host, int port, params string[] ask)
    {
        JsonProcess probe = Start(host, "udp_probe.py", ["--bind", host.Address, "--port", Text(port), .. ask.SelectMany(to => (string[])["--ask", to])]);
        await probe.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return probe;
    }

    /// <summary>A STUN server of lab/peers/hostile_stun.py that claims an address; returns when it listens.</summary>
    public static async Task<JsonProcess> HostileStunAsync(LabHost host, string mode, int port, string claim)
    {
        JsonProcess liar = Start(host, "hostile_stun.py", [mode, "--bind", host.Address, "--port", Text(port), "--claim", claim]);
        await liar.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return liar;
    }

    private static JsonProcess Start(LabHost host, string script, IEnumerable<string> arguments)
    {
        Prerequisites.Demand(Needs.Python);
        return new JsonProcess(host, LabProcess.Python, [LabFiles.Peer(script), .. arguments]);
    }

    private static IEnumerable<string> Peers(IEnumerable<string> peers) => peers.SelectMany(peer => (string[])["--peer", peer]);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
