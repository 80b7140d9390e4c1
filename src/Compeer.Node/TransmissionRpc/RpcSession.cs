using System.Globalization;
using System.Text.Json.Nodes;
using Compeer.Node.Api;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;

namespace Compeer.Node.TransmissionRpc;

/// <summary>The node as such programs see it: settings, figures, room.</summary>
internal sealed class RpcSession(NodeServices services)
{
    private const int Kilo = 1000;

    private NodeConfiguration Configuration => services.Configuration;

    public JsonObject Get(JsonObject arguments)
    {
        long up = Configuration.Number(NodeOptions.LimitUp), down = Configuration.Number(NodeOptions.LimitDown);
        AlternateLimits alternate = services.Limits.Alternate;
        string folder = services.Torrents.DownloadDirectory;
        var session = new JsonObject
        {
            ["version"] = $"Compeer {NodeServices.Version}",
            ["rpc-version"] = 17,
            ["rpc-version-minimum"] = 14,
            ["rpc-version-semver"] = "5.3.0",
            ["config-dir"] = services.Data.Root,
            ["download-dir"] = folder,
            ["download-dir-free-space"] = FreeSpace.At(folder),
            ["incomplete-dir"] = folder,
            ["incomplete-dir-enabled"] = false,
            ["peer-port"] = services.Client.LocalEndPoint.Port,
            ["peer-port-random-on-start"] = false,
            ["port-forwarding-enabled"] = Configuration.IsOn(NodeOptions.PortMapping),
            ["peer-limit-global"] = 5000,
            ["peer-limit-per-torrent"] = Configuration.Number(NodeOptions.MaxConnections),
            ["dht-enabled"] = Configuration.IsOn(NodeOptions.Dht),
            ["lpd-enabled"] = Configuration.IsOn(NodeOptions.Lan),
            ["pex-enabled"] = true,
            ["utp-enabled"] = Configuration.IsOn(NodeOptions.Utp),
            ["encryption"] = Configuration[NodeOptions.Encryption] switch { "require" => "required", "forbid" => "tolerated", _ => "preferred" },
            ["speed-limit-up"] = up / Kilo,
            ["speed-limit-up-enabled"] = up > 0,
            ["speed-limit-down"] = down / Kilo,
            ["speed-limit-down-enabled"] = down > 0,
            ["alt-speed-up"] = alternate.Up / Kilo,
            ["alt-speed-down"] = alternate.Down / Kilo,
            ["alt-speed-enabled"] = alternate.Enabled,
            ["alt-speed-time-enabled"] = false,
            ["alt-speed-time-begin"] = 0,
            ["alt-speed-time-end"] = 0,
            ["alt-speed-time-day"] = 127,
            ["blocklist-enabled"] = false,
            ["blocklist-size"] = 0,
            ["blocklist-url"] = "",
            ["cache-size-mb"] = 0,
            ["download-queue-enabled"] = false,
            ["download-queue-size"] = 0,
            ["seed-queue-enabled"] = false,
            ["seed-queue-size"] = 0,
            ["queue-stalled-enabled"] = false,
            ["queue-stalled-minutes"] = 0,
            ["idle-seeding-limit"] = 0,
            ["idle-seeding-limit-enabled"] = false,
            ["seedRatioLimit"] = 0.0,
            ["seedRatioLimited"] = false,
            ["rename-partial-files"] = false,
            ["start-added-torrents"] = true,
            ["trash-original-torrent-files"] = false,
            ["script-torrent-done-enabled"] = false,
            ["script-torrent-done-filename"] = "",
            ["units"] = new JsonObject
            {
                ["speed-units"] = new JsonArray("kB/s", "MB/s", "GB/s", "TB/s"), ["speed-bytes"] = Kilo,
                ["size-units"] = new JsonArray("kB", "MB", "GB", "TB"), ["size-bytes"] = Kilo,
                ["memory-units"] = new JsonArray("KiB", "MiB", "GiB", "TiB"), ["memory-bytes"] = 1024,
            },
        };
        if (arguments["fields"] is JsonArray fields)
        {
            HashSet<string> wanted = [.. fields.Select(f => f!.GetValue<string>())];
            foreach (string key in session.Select(s => s.Key).Where(k => !wanted.Contains(k)).ToArray())
                session.Remove(key);
        }
        return session;
    }

    public JsonObject Set(JsonObject arguments)
    {
        var values = new Dictionary<string, string>();
        if (arguments["download-dir"]?.GetValue<string>() is { } folder)
            values[NodeOptions.DownloadDirectory.Key] = Path.IsPathFullyQualified(folder) ? folder : throw new NodeException(NodeFailure.BadInput, "download directory path is not absolute");
        Limit("speed-limit-up", NodeOptions.LimitUp);
        Limit("speed-limit-down", NodeOptions.LimitDown);
        if (arguments.Any(a => a.Key.StartsWith("alt-speed-", StringComparison.Ordinal)))
        {
            AlternateLimits now = services.Limits.Alternate;
            services.Limits.SetAlternate(new AlternateLimits(
                arguments["alt-speed-up"]?.GetValue<long>() * Kilo ?? now.Up, arguments["alt-speed-down"]?.GetValue<long>() * Kilo ?? now.Down, arguments["alt-speed-enabled"]?.GetValue<bool>() ?? now.Enabled));
        }
        if (values.Count > 0)
            SettingEndpoints.Apply(Configuration, values);
        return [];

        void Limit(string key, NodeOption option)
        {
            if (arguments[key + "-enabled"]?.GetValue<bool>() == false)
                values[option.Key] = "0";
            else if (arguments[key]?.GetValue<long>() is { } limit)
                values[option.Key] = (limit * Kilo).ToString(CultureInfo.InvariantCulture);
        }
    }

    public JsonObject Stats()
    {
        NodeView node = NodeView.Of(services);
        return new JsonObject
        {
            ["activeTorrentCount"] = node.Torrents.Total - node.Torrents.Paused,
            ["pausedTorrentCount"] = node.Torrents.Paused,
            ["torrentCount"] = node.Torrents.Total,
            ["downloadSpeed"] = node.DownRate,
            ["uploadSpeed"] = node.UpRate,
            ["cumulative-stats"] = Totals(),
            ["current-stats"] = Totals(),
        };

        JsonObject Totals() => new()
        {
            ["downloadedBytes"] = node.DownloadedBytes,
            ["uploadedBytes"] = node.UploadedBytes,
            ["filesAdded"] = node.Torrents.Total,
            ["secondsActive"] = (long)(services.Time.GetUtcNow() - services.StartedAt).TotalSeconds,
            ["sessionCount"] = 1,
        };
    }

    public static JsonObject Free(JsonObject arguments)
    {
        string path = arguments["path"]?.GetValue<string>() ?? "";
        if (!Path.IsPathFullyQualified(path))
            throw new NodeException(NodeFailure.BadInput, "directory path is not absolute");
        return new JsonObject { ["path"] = path, ["size-bytes"] = FreeSpace.At(path) };
    }
}
