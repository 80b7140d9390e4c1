using System.CommandLine;
using Compeer.Cli;
using Compeer.Cli.Commands;

var root = new RootCommand("Compeer: share, find and fetch files directly between people, with no company in the middle.");
root.Subcommands.Add(new ShareCommand().Build());
root.Subcommands.Add(new GetCommand().Build());
root.Subcommands.Add(new CreateCommand().Build());
root.Subcommands.Add(new InfoCommand().Build());
root.Subcommands.Add(new VerifyCommand().Build());
root.Subcommands.Add(new TrackerCommand().Build());
root.Subcommands.Add(new DhtCommand().Build());
root.Subcommands.Add(new RelayCommand().Build());
root.Subcommands.Add(new DoctorCommand().Build());
root.Subcommands.Add(new LabCommand().Build());

ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
        Console.Error.WriteLine($"compeer: {error.Message}");
    Console.Error.WriteLine("Try 'compeer --help', or 'compeer COMMAND --help'.");
    return ExitCode.Usage;
}
var registrations = new List<IDisposable>();
using CancellationTokenSource cancelled = Runner.CancelledBySignals(registrations);
int exitCode = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, cancelled.Token);
registrations.ForEach(r => r.Dispose());
return exitCode;
