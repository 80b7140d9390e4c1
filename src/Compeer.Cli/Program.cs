using System.CommandLine;
using Compeer.Cli;
using Compeer.Cli.Commands;

if (args is ["get" or "share" or "daemon", ..])
    Preload.Start();
var root = new RootCommand("Compeer: share, find and fetch files directly between people, with no company in the middle.");
(string Name, Func<Command> Build)[] commands =
[
    ("share", () => new ShareCommand().Build()),
    ("get", () => new GetCommand().Build()),
    ("create", () => new CreateCommand().Build()),
    ("info", () => new InfoCommand().Build()),
    ("verify", () => new VerifyCommand().Build()),
    ("tracker", () => new TrackerCommand().Build()),
    ("dht", () => new DhtCommand().Build()),
    ("relay", () => new RelayCommand().Build()),
    ("doctor", () => new DoctorCommand().Build()),
    ("daemon", () => new DaemonCommand().Build()),
    ("add", () => new AddCommand().Build()),
    ("list", () => new ListCommand().Build()),
    ("pause", () => new ActionCommand("pause", "Let torrents of the running daemon rest").Build()),
    ("resume", () => new ActionCommand("resume", "Let torrents of the running daemon go on").Build()),
    ("remove", () => new ActionCommand("remove", "Remove torrents from the running daemon; their files stay unless --data is given").Build()),
    ("move", () => new MoveCommand().Build()),
    ("limits", () => new LimitsCommand().Build()),
    ("status", () => new StatusCommand().Build()),
    ("config", () => new ConfigCommand().Build()),
    ("lab", () => new LabCommand().Build()),
];
// The options of all commands together take longer to make than a small torrent to fetch: whoever names one needs no other.
int named = Array.FindIndex(commands, c => c.Name == args.FirstOrDefault());
foreach ((_, Func<Command> build) in named >= 0 ? commands[named..(named + 1)] : commands)
    root.Subcommands.Add(build());

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
