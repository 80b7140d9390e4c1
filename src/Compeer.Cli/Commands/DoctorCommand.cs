using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Compeer.Cli.Doctor;
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
        if (_common.IsJson(result))
            await Console.Out.WriteLineAsync(DoctorJson.Describe(found).ToJsonString(Json));
        else
            await Console.Out.WriteLineAsync(string.Join(Environment.NewLine, DoctorText.Lines(found).Select(Printable.Text)));
        return found.Verdict.IsReachable ? ExitCode.Done : ExitCode.Unreachable;
    }
}
