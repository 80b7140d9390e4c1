using System.Text.Json.Nodes;

namespace Compeer.InteropTests.Lab;

/// <summary>compeer daemon in a network of its own, driven by the other commands as people drive it.</summary>
public sealed class CompeerDaemon : JsonProcess
{
    private const int ApiPort = 7373;

    private readonly string _data;

    private CompeerDaemon(LabHost host, string data, string[] options)
        : base(host, CompeerProcess.Executable, [.. CompeerProcess.Prefix, .. Arguments(host, data), .. options.Contains("--api") ? [] : (string[])["--api", $"127.0.0.1:{ApiPort}"], .. options], CompeerProcess.Environment) => _data = data;

    /// <summary>The token of its data directory.</summary>
    public string Token => File.ReadAllText(Path.Combine(_data, "token")).Trim();

    /// <summary>Starts one on a data directory; returns when its API answers.</summary>
    public static async Task<CompeerDaemon> StartAsync(LabHost host, string dataDirectory, params string[] options)
    {
        var daemon = new CompeerDaemon(host, dataDirectory, options);
        await daemon.WaitForAsync("daemon", TimeSpan.FromSeconds(60));
        return daemon;
    }

    /// <summary>Runs a command that drives it; what it answers.</summary>
    public async Task<JsonNode> RunAsync(params string[] command) => JsonNode.Parse(await PrintAsync([.. command, "--json"]))!;

    /// <summary>Runs a command on its data directory; what it prints, messages too.</summary>
    public Task<string> PrintAsync(params string[] command) =>
        LabTool.RunInAsync(Host.Namespace, CompeerProcess.Executable, [.. CompeerProcess.Prefix, .. command, "--data-dir", _data]);

    /// <summary>compeer doctor on its data directory: what it found. The exit code tells whether others can connect.</summary>
    public async Task<JsonEvent> DoctorAsync()
    {
        var doctor = new CompeerProcess(Host, ["doctor", "--json", "--data-dir", _data]);
        return await doctor.WaitForAsync("doctor", TimeSpan.FromSeconds(60));
    }

    /// <summary>Asks its API, as it is by default.</summary>
    public async Task<JsonNode> GetAsync(string path) =>
        JsonNode.Parse(await LabTool.RunInAsync(Host.Namespace, "curl", ["-sS", "--fail", "-H", $"Authorization: Bearer {Token}", $"http://127.0.0.1:{ApiPort}/api/v1/{path}"]))!;

    /// <summary>Its torrents, by id.</summary>
    public async Task<Dictionary<string, JsonNode>> ListAsync() =>
        (await RunAsync("list"))["items"]!.AsArray().ToDictionary(t => t!["id"]!.GetValue<string>(), t => t!);

    /// <summary>Debian's transmission-remote, told to drive it; what it prints.</summary>
    public Task<string> RemoteAsync(params string[] arguments) =>
        LabTool.RunInAsync(Host.Namespace, "transmission-remote", [$"127.0.0.1:{ApiPort}", "-n", $"anybody:{Token}", .. arguments]);

    /// <summary>The same until what it prints fits.</summary>
    public async Task<string> RemoteUntilAsync(Func<string, bool> fits, TimeSpan timeout, params string[] arguments)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            string printed = await RemoteAsync(arguments);
            if (fits(printed))
                return printed;
            if (TimeProvider.System.GetElapsedTime(start) > timeout)
                throw new LabException($"transmission-remote {string.Join(' ', arguments)} still prints\n{printed}\n{Said}");
            await Task.Delay(200);
        }
    }

    private static string[] Arguments(LabHost host, string data) =>
        ["daemon", "--bind", host.Address, "--port", "7001", "--no-dht", "--no-lan", "--no-port-mapping", "--json", "--data-dir", data];
}
