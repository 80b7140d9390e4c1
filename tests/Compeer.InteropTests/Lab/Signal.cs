using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Compeer.InteropTests.Lab;

/// <summary>The signals that the lab sends, always to the group of one process that it started itself.</summary>
public enum Signal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
}

internal static class Signals
{
    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal to a whole process group; false when the group is gone already.</summary>
    public static bool TrySendToGroup(int group, Signal signal) => TryKill(-group, (int)signal);

    /// <summary>Sends a signal to one process only; false when it is gone already.</summary>
    public static bool TrySend(int process, Signal signal) => TryKill(process, (int)signal);

    private static bool TryKill(int target, int signal)
    {
        if (target is 0 or -1 or 1)
            throw new ArgumentOutOfRangeException(nameof(target), target, "never everybody, never init");
        if (kill(target, signal) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new Win32Exception(error);
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
