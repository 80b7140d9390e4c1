using System.CommandLine;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Network.Native;
using Compeer.Node;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;

namespace Compeer.Cli.Commands;

/// <summary>compeer daemon: the node as a service, with its API and page, until it is stopped.</summary>
internal sealed class DaemonCommand
{
    /// <summary>The looks and requests right after the start, and the node's own tidying up, are over by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);

    private readonly CommonOptions _common = new();
    private readonly Option<string?> _api = new("--api") { Description = "Where the API and the page are (default: 127.0.0.1:7373); elsewhere than on loopback over TLS only", HelpName = "IP:PORT" };

    private readonly Option<string[]> _set = new("--set") { Description = "Any option that 'compeer config' lists, for this run (repeatable)", HelpName = "KEY=VALUE" };

    public Command Build()
    {
        var command = new Command("daemon", "Run the node as a service, with a page to look at and an API; until stopped");
        command.Options.Add(_api);
        command.Options.Add(_set);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        Dictionary<string, string> flags = _common.Flags(result);
        if (result.GetValue(_api) is { } api)
            flags["api"] = api;
        foreach ((NodeOption option, string? value) in (result.GetValue(_set) ?? []).Select(ConfigCommand.Read))
            flags[option.Key] = value ?? option.Default;
        try
        {
            await using NodeHost node = await NodeHost.StartAsync(new NodeStart { DataDirectory = _common.DataDirectory(result), Flags = flags, Note = reporter.Note }, cancellationToken);
            Announce(node, result);
            await SettleAsync(node, cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCode.Done;
        }
        catch (NodeException e)
        {
            throw new CommandException(e.Failure switch { NodeFailure.Usage => ExitCode.Usage, NodeFailure.BadInput => ExitCode.BadInput, _ => ExitCode.Disk }, e.Message);
        }
    }

    /// <summary>Waits for the start's end, and gives back what only the start needed of the program's file.</summary>
    private static async Task SettleAsync(NodeHost node, CancellationToken cancellationToken)
    {
        // A start that failed is told of elsewhere.
        await node.TorrentsStarted.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Settling, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested)
            ProgramPages.GiveBack();
    }

    /// <summary>The token is in the link, so that opening it logs in; a service, whose output is kept, is started with --quiet.</summary>
    private void Announce(NodeHost node, ParseResult result)
    {
        string link = $"{node.Url}/#token={node.Token}";
        if (_common.IsJson(result))
            Console.Out.WriteLine(new JsonObject { ["event"] = "daemon", ["url"] = node.Url, ["link"] = link }.ToJsonString());
        else
            Console.Out.WriteLine(_common.IsQuiet(result) ? node.Url : link);
    }
}
