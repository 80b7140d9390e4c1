using System.CommandLine;
using System.Text.Json.Nodes;

namespace Compeer.Cli.Commands;

/// <summary>compeer limits: shows and changes the limits of the running daemon.</summary>
internal sealed class LimitsCommand : DaemonClientCommand
{
    private readonly Option<long?> _up = Rate("--up", "Upload limit, e.g. 500K or 2M a second; 0 for none");
    private readonly Option<long?> _down = Rate("--down", "Download limit; 0 for none");

    protected override Command Describe()
    {
        var command = new Command("limits", "Show or change the limits of the running daemon");
        command.Options.Add(_up);
        command.Options.Add(_down);
        return command;
    }

    protected override async Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken)
    {
        var change = new JsonObject();
        if (result.GetValue(_up) is { } up)
            change["up"] = up;
        if (result.GetValue(_down) is { } down)
            change["down"] = down;
        return change.Count > 0 ? await daemon.SendAsync(HttpMethod.Patch, "limits", change, cancellationToken) : await daemon.GetAsync("limits", cancellationToken);
    }

    protected override IEnumerable<string> Lines(JsonNode answer) =>
        [$"usual: up {Limit(answer["up"])}, down {Limit(answer["down"])}", $"now: up {Limit(answer["active"]!["up"])}, down {Limit(answer["active"]!["down"])}. {answer["active"]!["why"]}"];

    private static Option<long?> Rate(string name, string description) => new(name) { Description = description, HelpName = "RATE", CustomParser = argument => Parse.Rate(argument) };
}
