using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compeer.Cli.Commands;

/// <summary>compeer move: brings the files of a torrent of the running daemon to another folder.</summary>
internal sealed class MoveCommand : DaemonClientCommand
{
    private readonly Argument<string> _torrent = new("ID|NAME") { Description = "Its id, the beginning of it, or its name, as 'compeer list' shows them" };
    private readonly Argument<string> _directory = new("DIR") { Description = "The folder that the files shall lie in; made when it is not there" };

    protected override Command Describe()
    {
        var command = new Command("move", "Move the files of a torrent of the running daemon to another folder");
        command.Arguments.Add(_torrent);
        command.Arguments.Add(_directory);
        return command;
    }

    protected override async Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken)
    {
        string[] ids = await daemon.FindAsync([result.GetValue(_torrent)!], cancellationToken);
        if (ids is not [var id])
            throw new CommandException(ExitCode.BadInput, "Torrents are moved one at a time: name one.");
        return await daemon.SendAsync(HttpMethod.Patch, $"torrents/{id}", new JsonObject { ["directory"] = Path.GetFullPath(result.GetValue(_directory)!) }, cancellationToken);
    }

    protected override IEnumerable<string> Lines(JsonNode answer) => [answer["state"]!.GetValue<string>() == "moving" ? $"move: {answer["name"]} is being moved; 'compeer list' shows when it is there" : $"move: {answer["name"]} is in {answer["directory"]}"];
}
