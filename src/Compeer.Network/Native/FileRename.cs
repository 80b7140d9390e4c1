using System.Runtime.InteropServices;

namespace Compeer.Network.Native;

/// <summary>A rename that is never a copy in disguise: <see cref="File.Move(string, string)"/> copies, unasked, to another file system.</summary>
public static class FileRename
{
    private const int CrossDevice = 18;

    /// <summary>Renames a file; what stands at the new place is replaced. Spec: POSIX rename().</summary>
    /// <returns>False, and nothing happened, when the places are on different file systems.</returns>
    /// <exception cref="IOException">The system refuses; HResult is its error.</exception>
    public static bool TryMove(string from, string to)
    {
        if (!OperatingSystem.IsLinux())
        {
            if (!string.Equals(Path.GetPathRoot(from), Path.GetPathRoot(to), StringComparison.OrdinalIgnoreCase))
                return false;
            File.Move(from, to, overwrite: true);
            return true;
        }
        if (Rename(from, to) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error == CrossDevice ? false : throw new IOException($"'{from}' cannot be moved to '{to}': {Marshal.GetPInvokeErrorMessage(error)}.", error);
    }

    [DllImport("libc", EntryPoint = "rename", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
