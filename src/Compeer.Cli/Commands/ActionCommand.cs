using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compeer.Cli.Commands;

/// <summary>compeer pause, resume and remove: what is done to torrents of the running daemon.</summary>
internal sealed class ActionCommand(string action, string description) : DaemonClientCommand
{
    private readonly Argument<string[]> _torrents = new("ID|NAME") { Description = "Ids, their beginnings, or names, as 'compeer list' shows them; or all", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _data = new("--data") { Description = "Delete the files too" };

    protected override Command Describe()
    {
        var command = new Command(action, description);
        command.Arguments.Add(_torrents);
        if (action == "remove")
            command.Options.Add(_data);
        return command;
    }

    protected override async Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken)
    {
        string[] ids = await daemon.FindAsync(result.GetValue(_torrents)!, cancellationToken);
        JsonNode answer = (await daemon.SendAsync(HttpMethod.Post, "torrents/actions", new JsonObject
        {
            ["action"] = action,
            ["ids"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]),
            ["removeData"] = action == "remove" && result.GetValue(_data),
        }, cancellationToken))!;
        return answer["failed"] is JsonArray { Count: > 0 } failed
            ? throw new CommandException(ExitCode.Disk, string.Join(" ", failed.Select(f => $"{f!["id"]}: {f["detail"]}")))
            : answer;
    }

    protected override IEnumerable<string> Lines(JsonNode answer) => answer["done"]!.AsArray().Select(id => $"{action}: {id}");
}
