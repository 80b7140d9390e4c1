using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>Where the lab's files are: the repository, and work directories in memory where there is room, else in the temporary directory.</summary>
public static class LabFiles
{
    private const long RoomWanted = 3L << 30;
    private const string Memory = "/dev/shm";
    private const string Mark = "compeer-lab-";

    private static readonly string Parent = Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace >= RoomWanted ? Memory : Path.GetTempPath();

    /// <summary>The parent goes with its last directory, and must not go while one is made.</summary>
    private static readonly Lock Gate = new();

    private static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>The root of the checkout that these tests were built from.</summary>
    public static string Repository => Root.Value;

    /// <summary>A script in lab/peers.</summary>
    public static string Peer(string script) => Path.Combine(Repository, "lab", "peers", script);

    /// <summary>A new work directory of this test process, readable by everybody because opentracker gives up root.</summary>
    public static string NewDirectory(string name)
    {
        string path = Path.Combine(Parent, string.Create(CultureInfo.InvariantCulture, $"{Mark}{Environment.ProcessId}"), name);
        Remove(path);
        lock (Gate)
            return Directory.CreateDirectory(path).FullName;
    }

    public static void Remove(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        string parent = Path.GetDirectoryName(directory)!;
        lock (Gate)
        {
            if (Path.GetFileName(parent).StartsWith(Mark, StringComparison.Ordinal) && Directory.Exists(parent) && !Directory.EnumerateFileSystemEntries(parent).Any())
                Directory.Delete(parent);
        }
    }

    /// <summary>Removes the work directories of dead runs.</summary>
    public static void Sweep()
    {
        foreach (string path in Directory.GetDirectories(Parent, Mark + "*"))
        {
            if (!Directory.Exists("/proc/" + Path.GetFileName(path)[Mark.Length..]))
                Remove(path);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Compeer.slnx")))
                return directory.FullName;
        }
        throw new LabException($"No Compeer.slnx above {AppContext.BaseDirectory}.");
    }
}
