using System.CommandLine;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;

namespace Compeer.Cli.Commands;

/// <summary>compeer status: the running daemon in a few lines.</summary>
internal sealed class StatusCommand : DaemonClientCommand
{
    private string _url = "";

    protected override Command Describe() => new("status", "Show how the running daemon is doing");

    protected override Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken)
    {
        _url = daemon.Url;
        return daemon.GetAsync("node", cancellationToken);
    }

    protected override IEnumerable<string> Lines(JsonNode node)
    {
        JsonNode torrents = node["torrents"]!;
        yield return $"Compeer {node["version"]} at {_url}, since {node["startedAt"]!.GetValue<DateTimeOffset>().ToLocalTime():yyyy-MM-dd HH:mm}";
        yield return $"{torrents["total"]} torrents: {torrents["downloading"]} downloading, {torrents["seeding"]} seeding, {torrents["paused"]} paused, {torrents["checking"]} checking, {torrents["failed"]} failed";
        yield return $"{Units.Rate(node["downRate"]!.GetValue<long>())} down, {Units.Rate(node["upRate"]!.GetValue<long>())} up; in all {Units.Size(node["downloadedBytes"]!.GetValue<long>())} down, {Units.Size(node["uploadedBytes"]!.GetValue<long>())} up";
        yield return $"port {node["port"]}; DHT {(node["dht"]!["enabled"]!.GetValue<bool>() ? $"{node["dht"]!["nodes"]} nodes" : "off")}. {node["reachability"]!["words"]}";
        yield return $"downloads go to {node["downloadDirectory"]} ({Units.Size(node["freeBytes"]!.GetValue<long>())} free)";
    }
}
