using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compeer.Cli.Commands;

/// <summary>compeer list: the torrents of the running daemon.</summary>
internal sealed class ListCommand : DaemonClientCommand
{
    private readonly Option<string?> _state = new("--state") { Description = "Only those that are downloading, seeding, paused, checking, metadata or failed", HelpName = "STATE" };
    private readonly Option<string?> _search = new("--search") { Description = "Only those whose name has this in it", HelpName = "TEXT" };

    protected override Command Describe()
    {
        var command = new Command("list", "List the torrents of the running daemon");
        command.Options.Add(_state);
        command.Options.Add(_search);
        return command;
    }

    protected override Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken) => daemon.GetAsync(
        "torrents?limit=10000" + Query("state", result.GetValue(_state)) + Query("search", result.GetValue(_search)), cancellationToken);

    protected override IEnumerable<string> Lines(JsonNode answer) => answer["items"]!.AsArray().Count > 0 ? answer["items"]!.AsArray().Select(t => Line(t!)) : ["No torrents."];

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";
}
