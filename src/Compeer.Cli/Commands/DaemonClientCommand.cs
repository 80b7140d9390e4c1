using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;

namespace Compeer.Cli.Commands;

/// <summary>What the commands that drive a running daemon have in common.</summary>
internal abstract class DaemonClientCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Its options.</summary>
    protected CommonOptions Common { get; } = new();

    /// <summary>The command with its own arguments and options.</summary>
    protected abstract Command Describe();

    /// <summary>Does it.</summary>
    /// <returns>What to show: the daemon's answer.</returns>
    protected abstract Task<JsonNode?> RunAsync(DaemonConnection daemon, ParseResult result, CancellationToken cancellationToken);

    /// <summary>The answer for people, line by line.</summary>
    protected abstract IEnumerable<string> Lines(JsonNode answer);

    public Command Build()
    {
        Command command = Describe();
        Common.AddDaemonTo(command);
        command.SetAction((result, token) => Runner.RunAsync(Common.Reporter(result), async reporter =>
        {
            using DaemonConnection daemon = DaemonConnection.Open(Common.DataDirectory(result));
            Show(await RunAsync(daemon, result, token), result);
            return ExitCode.Done;
        }));
        return command;
    }

    protected void Show(JsonNode? answer, ParseResult result)
    {
        if (answer is null)
            return;
        if (Common.IsJson(result))
            Console.Out.WriteLine(answer.ToJsonString(Json));
        else if (!Common.IsQuiet(result))
            Console.Out.Write(string.Concat(Lines(answer).Select(l => Printable.Text(l) + Environment.NewLine)));
    }

    /// <summary>One line about a torrent.</summary>
    protected static string Line(JsonNode t) =>
        $"{t["id"]!.GetValue<string>()[..8]}  {t["progress"]!.GetValue<double>() * 100,5:0.0} %  {t["state"],-11}  {Units.Size(t["size"]!.GetValue<long>()),9}  {Units.Rate(t["downRate"]!.GetValue<long>()),11} down  {Units.Rate(t["upRate"]!.GetValue<long>()),11} up  {t["name"]}";

    /// <summary>A limit for people.</summary>
    protected static string Limit(JsonNode? value) => value?.GetValue<long>() is > 0 and { } limit ? Units.Rate(limit) : "none";
}
