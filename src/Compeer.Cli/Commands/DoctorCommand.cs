using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.Doctor;
using Compeer.Cli.Output;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;

namespace Compeer.Cli.Commands;

/// <summary>compeer doctor: tells a person how reachable this node is, which ways will work, and what to do.</summary>
internal sealed class DoctorCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CommonOptions _common = new();
    private readonly Option<int> _timeout = new("--timeout") { Description = "How long it may take (default: 15)", HelpName = "SECONDS", DefaultValueFactory = _ => 15 };

    public Command Build()
    {
        var command = new Command("doctor", "Tell how reachable this machine is for other peers, and what to do about it");
        command.Options.Add(_timeout);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        if (result.GetValue(_timeout) is < 1 or > 300)
            throw new CommandException(ExitCode.Usage, $"--timeout {result.GetValue(_timeout)} is out of range: it must be within 1..300 seconds.");
        if (_common.FindDaemon(result, reporter, []) is { } daemon)
        {
            using (daemon)
                return await AskAsync(daemon, result, reporter, cancellationToken);
        }
        await using TorrentClient client = _common.StartClient(result, reporter);
        reporter.Note("Asking around...");
        var doctor = new NodeDoctor(client, _common.Bind(result), _common.Stun(result), TimeSpan.FromSeconds(result.GetValue(_timeout)));
        DoctorFindings found;
        try
        {
            found = await doctor.ExamineAsync(cancellationToken);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new CommandException(ExitCode.Usage, $"No second port can be had for the questions: {SocketErrors.Describe(e.SocketErrorCode)}. Choose another --bind.");
        }
        return Show(DoctorJson.Describe(found), DoctorText.Lines(found), result);
    }

    /// <summary>What the daemon finds: others come to its port, so it is the one to be examined.</summary>
    private async Task<int> AskAsync(DaemonConnection daemon, ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        reporter.Note("Asking around...");
        JsonNode found = (await daemon.RunJobAsync("doctor", [], cancellationToken))["result"]!;
        return Show(found["report"]!.AsObject(), found["lines"]!.AsArray().Select(l => l!.GetValue<string>()), result);
    }

    private int Show(JsonObject report, IEnumerable<string> lines, ParseResult result)
    {
        if (_common.IsJson(result))
        {
            JsonObject written = report.DeepClone().AsObject();
            written.Insert(0, "event", "doctor");
            Console.Out.WriteLine(written.ToJsonString(Json));
        }
        else
        {
            Console.Out.WriteLine(string.Join(Environment.NewLine, lines.Select(Printable.Text)));
        }
        return report["reachable"]!.GetValue<bool>() ? ExitCode.Done : ExitCode.Unreachable;
    }
}
