using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compeer.Cli.Commands;

/// <summary>compeer add: hands a link or a torrent file to the running daemon.</summary>
internal sealed class AddCommand : DaemonClientCommand
{
    private readonly Argument<string> _source = new("LINK|URL|FILE.torrent") { Description = "A magnet link (in quotes), the address of a torrent file, or a torrent file" };
    private readonly Option<string?> _directory = new("--dir", "-d") { Description = "Where to put the files (default: the daemon's download folder)", HelpName = "DIR" };
    private readonly Option<string[]> _labels = new("--label") { Description = "A word to find it by; may be repeated", HelpName = "WORD", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _paused = new("--paused") { Description = "Add it, and do not start it yet" };
    private readonly Option<bool> _sequential = new("--sequential") { Description = "Fetch in order, for playing while loading" };

    protected override Command Describe()
    {
        var command = new Command("add", "Hand a link or a torrent file to the running daemon");
        command.Arguments.Add(_source);
        foreach (Option option in (Option[])[_directory, _labels, _paused, _sequential])
            command.Options.Add(option);
        return command;
    }

    protected override async Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken)
    {
        var options = new JsonObject
        {
            ["directory"] = result.GetValue(_directory) is { } given ? Path.GetFullPath(given) : null,
            ["labels"] = new JsonArray([.. (result.GetValue(_labels) ?? []).Select(l => (JsonNode)l)]),
            ["paused"] = result.GetValue(_paused),
            ["sequential"] = result.GetValue(_sequential),
        };
        return await daemon.AddAsync(result.GetValue(_source)!, options, cancellationToken);
    }

    protected override IEnumerable<string> Lines(JsonNode answer) => [Line(answer)];
}
