using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net;
using System.Text.Json;

namespace Compeer.BrowserTests.Lab;

/// <summary>A running node on loopback with a data directory of its own. It can be killed and started again at the same place.</summary>
public sealed class Daemon : IAsyncDisposable
{
    private readonly int _port;
    private readonly Dictionary<string, string> _environment;
    private readonly string[] _dht;
    private readonly HttpClient _client = new();
    private ChildProcess? _process;

    private Daemon(string folder, Dictionary<string, string> environment, string? dhtEntry)
    {
        _dht = dhtEntry is null ? ["--no-dht"] : ["--dht-bootstrap", dhtEntry];
        Folder = folder;
        Downloads = Directory.CreateDirectory(Path.Combine(folder, "downloads")).FullName;
        _environment = environment;
        _port = FreePort();
        Url = $"http://127.0.0.1:{_port}";
        _client.BaseAddress = new Uri(Url + "/api/v1/");
    }

    public string Url { get; }

    public string Folder { get; }

    public string Downloads { get; }

    public string Token { get; private set; } = "";

    /// <summary>The address that signs one in.</summary>
    public string Link => $"{Url}/#token={Token}";

    /// <summary>A node past its first run, unless that is what the test is about.</summary>
    public static async Task<Daemon> StartAsync(string folder, bool isFirstRun = false, string? dhtEntry = null)
    {
        var daemon = new Daemon(folder, isFirstRun ? new() { ["HOME"] = folder } : new() { ["HOME"] = folder, ["COMPEER_DOWNLOAD_DIRECTORY"] = Path.Combine(folder, "downloads") }, dhtEntry);
        try
        {
            await daemon.StartAgainAsync();
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    public async Task StartAgainAsync()
    {
        string data = Path.Combine(Folder, "data");
        _process = new ChildProcess(Repository.Program,
            ["daemon", "--api", $"127.0.0.1:{_port}", "--data-dir", data, "--bind", "127.0.0.1", .. _dht, "--no-lan", "--no-port-mapping", "--json"], _environment);
        await _process.WaitForAsync("daemon");
        Token = (await File.ReadAllTextAsync(Path.Combine(data, "token"))).Trim();
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    /// <summary>As a power cut does it.</summary>
    public async Task KillAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
        _process = null;
    }

    public async Task<JsonElement> GetAsync(string path) => await _client.GetFromJsonAsync<JsonElement>(path);

    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using HttpResponseMessage answer = await _client.PostAsJsonAsync(path, body);
        string text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new LabException($"POST {path}: {(int)answer.StatusCode} {text}");
    }

    public async Task PatchAsync(string path, object body)
    {
        using HttpResponseMessage answer = await _client.PatchAsJsonAsync(path, body);
        if (!answer.IsSuccessStatusCode)
            throw new LabException($"PATCH {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Adds a torrent file, which starts.</summary>
    public async Task<JsonElement> AddFileAsync(string torrent)
    {
        using var content = new ByteArrayContent(await File.ReadAllBytesAsync(torrent));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-bittorrent");
        using HttpResponseMessage answer = await _client.PostAsync("torrents", content);
        return JsonSerializer.Deserialize<JsonElement>(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
    }

    /// <summary>Waits until all that is wanted of a torrent is verified.</summary>
    public async Task CompletesAsync(string id)
    {
        for (int look = 0; look < 240; look++)
        {
            JsonElement torrent = await GetAsync("torrents/" + id);
            // Just after a preview nothing is wanted yet, and all of nothing is there.
            long wanted = torrent.GetProperty("wanted").GetInt64();
            if (torrent.GetProperty("state").GetString() == "seeding" && wanted > 0 && torrent.GetProperty("verified").GetInt64() >= wanted)
                return;
            await Task.Delay(250);
        }
        throw new LabException($"Torrent {id} is not complete after a minute: {await GetAsync("torrents/" + id)}");
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _client.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
