using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Compeer.InteropTests.Lab;

/// <summary>transmission-daemon as a foreign peer, driven over its RPC. Version 3 knows v1 only, cannot read hybrid torrents (the empty key in "file tree" ends its parser), and cannot be told a peer's address.</summary>
public sealed class TransmissionPeer : LabProcess
{
    private const int RpcPort = 9091;
    private const string SessionHeader = "X-Transmission-Session-Id";
    private const int Seeding = 6;

    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(10) };

    private string _session = "";

    /// <summary>It was seen with a uTP peer.</summary>
    public bool HasUsedUtp { get; private set; }

    private TransmissionPeer(LabHost host, string configuration) : base(host, Prerequisites.PathOf("transmission-daemon"), ["-f", "-g", configuration])
    {
    }

    /// <summary>Starts the daemon with nothing to do, downloading into <paramref name="directory"/>. Encryption: 0 tolerated, 1 preferred, 2 required.</summary>
    public static async Task<TransmissionPeer> StartAsync(
        LabHost host, string directory, int port, string? dhtEntry = null, bool utp = false, bool peerExchange = false, bool localDiscovery = false, int encryption = 0)
    {
        Prerequisites.Demand(Needs.Transmission);
        string configuration = host.Network.NewDirectory($"transmission{host.Network.NextNumber()}");
        var settings = new JsonObject
        {
            ["bind-address-ipv4"] = host.Address,
            ["peer-port"] = port,
            ["rpc-port"] = RpcPort,
            ["rpc-bind-address"] = "0.0.0.0",
            ["rpc-whitelist-enabled"] = false,
            ["rpc-host-whitelist-enabled"] = false,
            ["rpc-authentication-required"] = false,
            ["download-dir"] = directory,
            ["dht-enabled"] = dhtEntry is not null,
            ["lpd-enabled"] = localDiscovery,
            ["pex-enabled"] = peerExchange,
            ["utp-enabled"] = utp,
            ["port-forwarding-enabled"] = false,
            ["encryption"] = encryption,
            ["cache-size-mb"] = 16,
            ["rename-partial-files"] = false,
        };
        await File.WriteAllTextAsync(Path.Combine(configuration, "settings.json"), settings.ToJsonString());
        if (dhtEntry is not null)
            await File.WriteAllTextAsync(Path.Combine(configuration, "dht.bootstrap"), dhtEntry.Replace(':', ' ') + "\n");
        var daemon = new TransmissionPeer(host, configuration);
        await Ports.WaitUntilOpenAsync(daemon, RpcPort);
        return daemon;
    }

    /// <summary>Adds a torrent file or magnet link and starts it.</summary>
    public async Task AddAsync(string source)
    {
        JsonNode? answer = await CallAsync("torrent-add", new JsonObject { ["filename"] = source });
        if (answer?["result"]?.GetValue<string>() != "success")
            throw new LabException($"Transmission refuses {source}: {answer}");
    }

    /// <summary>Waits until the one torrent is complete, checked and seeding.</summary>
    public async Task WaitUntilSeedingAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        JsonNode? torrent = null;
        while (!limit.IsCancellationRequested && await pause.WaitForNextTickAsync())
        {
            JsonNode? answer = await CallAsync("torrent-get", new JsonObject { ["fields"] = new JsonArray("status", "percentDone", "errorString", "peers", "leftUntilDone", "recheckProgress") });
            torrent = answer?["arguments"]?["torrents"]?.AsArray().FirstOrDefault();
            HasUsedUtp |= torrent?["peers"]?.AsArray().Any(peer => peer!["isUTP"]!.GetValue<bool>()) == true;
            if (torrent is not null && torrent["status"]!.GetValue<int>() == Seeding && torrent["percentDone"]!.GetValue<double>() >= 1)
                return;
        }
        throw new LabException($"Transmission is not complete after {timeout.TotalSeconds:0} s: {torrent}\n{Said}");
    }

    /// <summary>Waits until a peer came from a source, in Transmission's words: "fromPex", "fromLpd".</summary>
    public async Task WaitForPeerFromAsync(string source, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        JsonNode? torrent = null;
        while (!limit.IsCancellationRequested && await pause.WaitForNextTickAsync())
        {
            JsonNode? answer = await CallAsync("torrent-get", new JsonObject { ["fields"] = new JsonArray("peersFrom", "peers", "status", "percentDone") });
            torrent = answer?["arguments"]?["torrents"]?.AsArray().FirstOrDefault();
            if (torrent?["peersFrom"]?[source]?.GetValue<int>() > 0)
                return;
        }
        throw new LabException($"Transmission has no peer {source} after {timeout.TotalSeconds:0} s: {torrent}\n{Said}");
    }

    private async Task<JsonNode?> CallAsync(string method, JsonObject arguments)
    {
        string body = new JsonObject { ["method"] = method, ["arguments"] = arguments }.ToJsonString();
        for (int attempt = 0; attempt < 3; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"http://{Host.At(RpcPort)}/transmission/rpc"));
            request.Content = new StringContent(body);
            request.Headers.TryAddWithoutValidation(SessionHeader, _session);
            using HttpResponseMessage response = await Client.SendAsync(request);
            if (response.StatusCode == HttpStatusCode.Conflict)
            {
                _session = response.Headers.GetValues(SessionHeader).First();
                continue;
            }
            return await response.Content.ReadFromJsonAsync<JsonNode>();
        }
        throw new LabException("Transmission gives no session id.");
    }
}
