using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>The program under test, run as people run it, with --json.</summary>
public sealed class CompeerProcess : JsonProcess
{
    private static readonly Lazy<string> Program = new(FindProgram);

    internal CompeerProcess(LabHost host, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, bool readsInput = false)
        : base(host, Executable, [.. Prefix, .. arguments], new Dictionary<string, string>([.. Environment, .. environment ?? new Dictionary<string, string>()]), readsInput)
    {
    }

    internal static string Executable => Program.Value.EndsWith(".dll", StringComparison.Ordinal) ? Prerequisites.PathOf("dotnet") : Program.Value;

    internal static string[] Prefix => Program.Value.EndsWith(".dll", StringComparison.Ordinal) ? [Program.Value] : [];

    internal static Dictionary<string, string> Environment
    {
        get
        {
            // Where the runtime is, for an apphost on a machine whose SDK is not in a standard place.
            var environment = new Dictionary<string, string> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" };
            if (System.Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet")
                environment["DOTNET_ROOT"] = Path.GetDirectoryName(path)!;
            return environment;
        }
    }

    /// <summary>compeer share PATH: returns when it has printed its link.</summary>
    public static async Task<(CompeerProcess Process, JsonEvent Sharing)> ShareAsync(LabHost host, string path, CompeerOptions? options = null)
    {
        options ??= new();
        List<string> arguments = ["share", path, .. options.Trackers.SelectMany(url => (string[])["--tracker", url]), .. options.WebSeeds.SelectMany(url => (string[])["--web-seed", url]), .. Common(host, options)];
        if (options.Format is not null)
            arguments.AddRange(["--format", options.Format]);
        if (options.Mutable)
            arguments.Add("--mutable");
        arguments.AddRange(["--torrent-out", Path.Combine(host.Network.Work, $"shared-{host.Network.NextNumber()}.torrent")]);
        var process = new CompeerProcess(host, arguments, options.Environment);
        return (process, await process.WaitForAsync("sharing", TimeSpan.FromSeconds(60)));
    }

    /// <summary>compeer get LINK or FILE.torrent into <paramref name="directory"/>.</summary>
    public static CompeerProcess Get(LabHost host, string source, string directory, CompeerOptions? options = null)
    {
        options ??= new();
        List<string> arguments = ["get", source, "--dir", directory, .. Common(host, options)];
        arguments.AddRange(options.Peers.SelectMany(peer => (string[])["--peer", peer]));
        arguments.AddRange(options.Only.SelectMany(glob => (string[])["--only", glob]));
        if (options.KeepSeeding)
            arguments.Add("--keep-seeding");
        if (options.Timeout is { } timeout)
            arguments.AddRange(["--timeout", ((int)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)]);
        return new CompeerProcess(host, arguments, options.Environment);
    }

    /// <summary>Seeds content that is already there: get --keep-seeding over it; returns when it is checked and complete.</summary>
    public static async Task<CompeerProcess> SeedAsync(LabHost host, string torrent, string directory, CompeerOptions? options = null)
    {
        CompeerProcess seed = Get(host, torrent, directory, (options ?? new()) with { KeepSeeding = true });
        await seed.WaitForAsync("complete", TimeSpan.FromSeconds(60));
        return seed;
    }

    /// <summary>compeer create PATH: the torrent as libtorrent reads it.</summary>
    public static Task<TorrentFacts> CreateTorrentAsync(LabHost host, TestContent content, string format, params string[] trackers) =>
        CreateTorrentAsync(host, content, format, false, trackers);

    /// <summary>The same; a private torrent takes peers from its trackers only.</summary>
    public static Task<TorrentFacts> CreateTorrentAsync(LabHost host, TestContent content, string format, bool isPrivate, params string[] trackers) =>
        CreateAsync(host, content, format, [.. isPrivate ? (string[])["--private"] : [], .. trackers.SelectMany(url => (string[])["--tracker", url])]);

    /// <summary>The same with web seeds.</summary>
    public static Task<TorrentFacts> CreateTorrentAsync(LabHost host, TestContent content, string format, IReadOnlyList<string> trackers, IReadOnlyList<string> webSeeds) =>
        CreateAsync(host, content, format, [.. trackers.SelectMany(url => (string[])["--tracker", url]), .. webSeeds.SelectMany(url => (string[])["--web-seed", url])]);

    private static async Task<TorrentFacts> CreateAsync(LabHost host, TestContent content, string format, string[] options)
    {
        string path = Path.Combine(host.Network.Work, $"created-{format}-{host.Network.NextNumber()}.torrent");
        await using var process = new CompeerProcess(host, ["create", content.Path, "-o", path, "--format", format, .. options]);
        await process.WaitForSuccessAsync(TimeSpan.FromSeconds(60));
        return await Torrents.ReadAsync(host, path);
    }

    /// <summary>compeer tracker on the given ports of its host; returns when HTTP answers.</summary>
    public static async Task<CompeerProcess> TrackerAsync(LabHost host, int httpPort, int udpPort)
    {
        var tracker = new CompeerProcess(host, ["tracker", "--http", host.At(httpPort), "--udp", host.At(udpPort)]);
        await Ports.WaitUntilOpenAsync(tracker, httpPort);
        return tracker;
    }

    /// <summary>compeer dht node|peers|get|put with the options that take part in the DHT.</summary>
    public static CompeerProcess Dht(LabHost host, IReadOnlyList<string> entries, string? dataDirectory, params string[] arguments) => new(
        host,
        ["dht", .. arguments, "--bind", host.Address, "--port", "7001", "--json", "--data-dir", dataDirectory ?? host.Network.NewDirectory($"data{host.Network.NextNumber()}"), .. entries.SelectMany(entry => (string[])["--dht-bootstrap", entry])]);

    /// <summary>compeer relay for two users, ann:secret and, named in the environment, bob:hidden; returns when it listens.</summary>
    public static async Task<CompeerProcess> RelayAsync(LabHost host, int port, int quota = 8, string limit = "4M")
    {
        var relay = new CompeerProcess(host,
        [
            "relay", "--bind", host.Address, "--port", port.ToString(CultureInfo.InvariantCulture), "--user", "ann:secret",
            "--quota", quota.ToString(CultureInfo.InvariantCulture), "--limit", limit, "--allow-private", "--json",
        ], new Dictionary<string, string> { ["COMPEER_RELAY_USERS"] = "bob:hidden" });
        await relay.WaitForAsync("relaying", TimeSpan.FromSeconds(30));
        return relay;
    }

    /// <summary>compeer relay check: what servers and a relay say about the way from a host.</summary>
    public static CompeerProcess RelayCheck(LabHost host, string[] servers, params string[] options) =>
        new(host, ["relay", "check", .. servers, "--bind", host.Address, "--json", .. options]);

    /// <summary>compeer doctor: what it found, and its exit code.</summary>
    public static async Task<(JsonEvent Found, int ExitCode)> DoctorAsync(LabHost host, CompeerOptions options, params string[] more)
    {
        var doctor = new CompeerProcess(host, ["doctor", .. Common(host, options), .. more]);
        JsonEvent found = await doctor.WaitForAsync("doctor", TimeSpan.FromSeconds(60));
        return (found, await doctor.WaitForExitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>The most bytes that this process reports as hashed again at its start.</summary>
    public long RehashedBytes => Events.Where(e => e.Name is "progress" or "complete").Select(e => e.Bytes("rehashedBytes")).DefaultIfEmpty(0).Max();

    /// <summary>Bytes verified according to the last progress.</summary>
    public long VerifiedBytes => Events.LastOrDefault(e => e.Name is "progress" or "complete")?.Bytes("verifiedBytes") ?? 0;

    /// <summary>The ways by which peers have connected: "tcp", "utp".</summary>
    public IReadOnlyList<string> Paths =>
        [.. Events.Where(e => e.Name == "peer" && e.Text("state") == "connected").Select(e => e.Text("path")).Distinct()];

    public bool HasBanned(string address) => Events.Any(e => IsBan(e) && e.Text("address").StartsWith(address + ":", StringComparison.Ordinal));

    /// <summary>Waits for a connection; whether each so far is encrypted.</summary>
    public async Task<IReadOnlyList<bool>> EncryptionsAsync(TimeSpan timeout)
    {
        await WaitForAsync(IsConnected, "connected peer", timeout);
        return [.. Events.Where(IsConnected).Select(e => e.Flag("encrypted"))];
    }

    public static bool IsConnected(JsonEvent e) => e.Name == "peer" && e.Text("state") == "connected";

    public static bool IsBan(JsonEvent e) => e.Name == "peer" && e.Text("state") == "banned";

    /// <summary>The first connection with a peer at <paramref name="address"/> that somebody of this kind ("pex", "lan") told us of.</summary>
    public Task<JsonEvent> WaitForPeerAsync(string address, string source, TimeSpan timeout) => WaitForAsync(
        e => e.Name == "peer" && e.Text("state") == "connected" && e.Text("address").StartsWith(address + ":", StringComparison.Ordinal) && e.Text("source").Split('+').Contains(source),
        $"a connection with {address} that comes from {source}", timeout);

    private static List<string> Common(LabHost host, CompeerOptions options)
    {
        string data = options.DataDirectory ?? host.Network.NewDirectory($"data{host.Network.NextNumber()}");
        List<string> arguments = [.. options.AnyAddress ? (string[])[] : ["--bind", host.Address], "--port", options.Port.ToString(CultureInfo.InvariantCulture), "--data-dir", data, "--json"];
        // A proxy has to switch everything off by itself.
        if (options.DhtEntries.Count == 0 && options.Proxy is null)
            arguments.Add("--no-dht");
        arguments.AddRange(options.DhtEntries.SelectMany(entry => (string[])["--dht-bootstrap", entry]));
        arguments.AddRange(options.Stun.SelectMany(server => (string[])["--stun", server]));
        if (options.Proxy is not null)
            arguments.AddRange(["--proxy", options.Proxy]);
        if (options.Relay is not null)
            arguments.AddRange(["--relay", options.Relay]);
        if (options.UtpOnly)
            arguments.Add("--no-tcp");
        if (!options.LocalDiscovery && options.Proxy is null)
            arguments.Add("--no-lan");
        if (options.TcpOnly)
            arguments.Add("--no-utp");
        if (options.PortMapping is { } way)
            arguments.AddRange(way == "none" ? ["--no-port-mapping"] : (string[])["--port-mapping", way]);
        if (options.PortMappingLease > 0)
            arguments.AddRange(["--port-mapping-lease", options.PortMappingLease.ToString(CultureInfo.InvariantCulture)]);
        if (options.LimitUp is not null)
            arguments.AddRange(["--limit-up", options.LimitUp]);
        if (options.LimitDown is not null)
            arguments.AddRange(["--limit-down", options.LimitDown]);
        if (options.Encryption is not null)
            arguments.AddRange(["--encryption", options.Encryption]);
        return arguments;
    }

    private static string FindProgram()
    {
        if (System.Environment.GetEnvironmentVariable("COMPEER_BIN") is { Length: > 0 } chosen)
            return File.Exists(chosen) ? chosen : throw new LabException($"COMPEER_BIN names {chosen}, which is not there.");
        string[] candidates = [.. ((string[])["release", "debug"]).SelectMany(kind => (string[])["compeer", "compeer.dll"], (kind, file) => Path.Combine(LabFiles.Repository, "artifacts", "bin", "Compeer.Cli", kind, file))];
        return candidates.FirstOrDefault(File.Exists) ?? throw new LabException($"The program is not built; looked for {string.Join(", ", candidates)}.");
    }
}
