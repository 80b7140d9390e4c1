using System.Runtime.InteropServices;
using Compeer.Cli.Output;
using Compeer.Content.Storage;

namespace Compeer.Cli.Commands;

/// <summary>Runs a command: turns failures into a message and an exit code.</summary>
internal static class Runner
{
    public static async Task<int> RunAsync(IReporter reporter, Func<IReporter, Task<int>> command)
    {
        using (reporter)
        {
            try
            {
                return await command(reporter);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Interrupted;
            }
            catch (CommandException e)
            {
                reporter.Error(e.Message, e.ExitCode);
                return e.ExitCode;
            }
            catch (StorageException e)
            {
                int code = e.Failure == StorageFailure.Changed ? ExitCode.BadInput : ExitCode.Disk;
                reporter.Error(e.Message, code);
                return code;
            }
            catch (ArgumentException e)
            {
                reporter.Error(e.Message, ExitCode.BadInput);
                return ExitCode.BadInput;
            }
        }
    }

    /// <summary>Cancelled by Ctrl-C or a request to end; the second one ends at once.</summary>
    public static CancellationTokenSource CancelledBySignals(ICollection<IDisposable> registrations)
    {
        var source = new CancellationTokenSource();
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                if (source.IsCancellationRequested)
                    return;
                context.Cancel = true;
                source.Cancel();
            }));
        }
        return source;
    }
}
