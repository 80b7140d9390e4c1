namespace Compeer.Cli;

/// <summary>What a script can tell from how the program ended.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>Only of the doctor: neither can others connect to us, nor can holes be punched, as far as is known.</summary>
    public const int Unreachable = 1;

    public const int Usage = 2;
    public const int BadInput = 3;
    public const int NotFound = 4;
    public const int Disk = 5;
    public const int Interrupted = 130;
}

/// <summary>Ends a command with a message of thing, cause and next step, and an exit code.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
