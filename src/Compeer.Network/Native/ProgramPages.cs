using System.Globalization;
using System.Runtime.InteropServices;

namespace Compeer.Network.Native;

/// <summary>The pages of the program's own file that the process holds: most of those that a start reads are not needed again for hours.</summary>
public static class ProgramPages
{
    private const int PageOut = 21;

    /// <summary>
    /// Gives back to the system what lies in memory of the program's file and is never written; what is still needed is read again when it is used.
    /// Does nothing on systems other than Linux, where /proc cannot be read, where the file was replaced since, and where it is neither this user's own nor open to writes.
    /// Source: madvise(2), MADV_PAGEOUT.
    /// </summary>
    public static void GiveBack()
    {
        if (!OperatingSystem.IsLinux() || Environment.ProcessPath is not { } program)
            return;
        string[] maps;
        try
        {
            maps = File.ReadAllLines("/proc/self/maps");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
        foreach ((ulong start, ulong end) in FindUnwritten(maps, program))
            _ = Advise((nuint)start, (nuint)(end - start), PageOut);
    }

    /// <summary>The mappings of a file that cannot be written to.</summary>
    /// <param name="maps">Lines as in /proc/self/maps: addresses, rights, offset, device, inode, path.</param>
    /// <param name="path">The file.</param>
    /// <returns>First address of each, and the first after it.</returns>
    public static IReadOnlyList<(ulong Start, ulong End)> FindUnwritten(IEnumerable<string> maps, string path)
    {
        var found = new List<(ulong, ulong)>();
        foreach (string line in maps)
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (fields is [{ } range, { } rights, _, _, _, { } file] && file == path && !rights.Contains('w') && range.Split('-') is [{ } start, { } end]
                && ulong.TryParse(start, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong first)
                && ulong.TryParse(end, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong after))
                found.Add((first, after));
        }
        return found;
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nuint address, nuint length, int advice);
}
