using System.CommandLine;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Node;
using Compeer.Node.Configuration;

namespace Compeer.Cli.Commands;

/// <summary>compeer config: the effective options of the daemon and where each comes from; sets them too. Works with and without a running daemon.</summary>
internal sealed class ConfigCommand
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _changes = new("KEY=VALUE") { Description = "What to change; KEY= goes back to the default", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _describe = new("--describe") { Description = "Print what every option does" };

    public Command Build()
    {
        var command = new Command("config", "Show or change the options of the daemon, and where each comes from");
        command.Arguments.Add(_changes);
        command.Options.Add(_describe);
        _common.AddDaemonTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        if (result.GetValue(_describe))
        {
            await Console.Out.WriteAsync(OptionTable.Markdown());
            return ExitCode.Done;
        }
        (NodeOption Option, string? Value)[] changes = [.. (result.GetValue(_changes) ?? []).Select(Read)];
        using DaemonConnection? daemon = DaemonConnection.TryOpen(_common.DataDirectory(result));
        JsonNode[] items = daemon is null ? Local(result, changes) : await AskAsync(daemon, changes, cancellationToken);
        reporter.Note(daemon is null ? "No daemon runs; this is what one would use that is started without flags." : $"These are the options of the daemon at {daemon.Url}.");
        foreach (JsonNode item in items)
            await Console.Out.WriteLineAsync(_common.IsJson(result) ? item.ToJsonString() : Printable.Text($"{item["key"],-20} {item["value"],-24} {item["source"]}"));
        return ExitCode.Done;
    }

    private static async Task<JsonNode[]> AskAsync(DaemonConnection daemon, (NodeOption Option, string? Value)[] changes, CancellationToken cancellationToken)
    {
        JsonNode? answer = changes.Length == 0
            ? await daemon.GetAsync("settings", cancellationToken)
            : await daemon.SendAsync(HttpMethod.Patch, "settings", new JsonObject(changes.Select(c => KeyValuePair.Create(c.Option.Key, (JsonNode?)c.Value))), cancellationToken);
        return [.. answer!["items"]!.AsArray().OfType<JsonNode>()];
    }

    private JsonNode[] Local(ParseResult result, (NodeOption Option, string? Value)[] changes)
    {
        try
        {
            string directory = _common.DataDirectory(result);
            NodeConfiguration configuration = NodeConfiguration.Load(directory, Environment.GetEnvironmentVariable, new Dictionary<string, string>());
            if (changes.Length > 0)
            {
                Directory.CreateDirectory(directory);
                configuration.Set(changes.ToDictionary(c => c.Option.Key, c => c.Value));
            }
            IEnumerable<NodeOption> shown = changes.Length > 0 ? changes.Select(c => c.Option) : NodeOptions.All;
            return [.. shown.Select(option => (option, configuration.Find(option))).Select(o => (JsonNode)new JsonObject
            {
                ["key"] = o.option.Key,
                ["value"] = o.option.IsSecret && o.Item2.Value.Length > 0 ? "(set)" : OptionText.ToJson(o.option, o.Item2.Value),
                ["source"] = o.Item2.Source.ToString().ToLowerInvariant(),
            })];
        }
        catch (NodeException e)
        {
            throw new CommandException(e.Failure == NodeFailure.Disk ? ExitCode.Disk : ExitCode.Usage, e.Message);
        }
    }

    /// <summary>Reads KEY=VALUE; null goes back to the default.</summary>
    /// <exception cref="CommandException">There is no such option, or the value cannot be used.</exception>
    public static (NodeOption Option, string? Value) Read(string change)
    {
        int equals = change.IndexOf('=', StringComparison.Ordinal);
        string key = equals < 0 ? change : change[..equals];
        NodeOption option = NodeOptions.Find(key) ?? throw new CommandException(ExitCode.Usage, $"There is no option '{key}'. 'compeer config' lists them.");
        if (equals < 0)
            throw new CommandException(ExitCode.Usage, $"Say what {key} shall be: {key}=VALUE.");
        if (equals == change.Length - 1)
            return (option, null);
        return OptionText.TryRead(option, change[(equals + 1)..], out string value) is { } problem
            ? throw new CommandException(ExitCode.Usage, $"The value of {key} cannot be used: {problem}.")
            : (option, value);
    }
}
