using System.Collections.Immutable;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Creation;

/// <summary>The files below a path as they are now, in the form a new torrent takes them.</summary>
public sealed class ShareFiles
{
    private ShareFiles(string root, bool isSingleFile, IReadOnlyList<NewFile> files, IReadOnlyDictionary<NewFile, (string Path, FileStamp Stamp)> places)
    {
        Root = root;
        IsSingleFile = isSingleFile;
        Files = files;
        Places = places;
    }

    /// <summary>The path, absolute.</summary>
    public string Root { get; }

    /// <summary>The path is a file, not a folder.</summary>
    public bool IsSingleFile { get; }

    /// <summary>Name of the torrent.</summary>
    public string Name => Path.GetFileName(Root);

    /// <summary>The folder that <see cref="Root"/> lies in.</summary>
    public string Parent => Path.GetDirectoryName(Root) ?? Root;

    /// <summary>The files; symbolic links are left out, as what they point at may be private.</summary>
    public IReadOnlyList<NewFile> Files { get; }

    /// <summary>Where each is and how it looks.</summary>
    public IReadOnlyDictionary<NewFile, (string Path, FileStamp Stamp)> Places { get; }

    /// <summary>Bytes in all.</summary>
    public long TotalLength => Files.Sum(f => f.Length);

    /// <summary>One text that is the same exactly when no file was added, removed or written to.</summary>
    public string Fingerprint => string.Join('\n', Files
        .Select(f => $"{Places[f].Stamp.LengthBytes} {Places[f].Stamp.ModifiedTicks} {(f.IsExecutable ? 'x' : '-')} {string.Join('/', f.Path)}")
        .Order(StringComparer.Ordinal));

    /// <summary>Looks at a file or a folder.</summary>
    /// <exception cref="StorageException">It is not there, is empty, or cannot be read.</exception>
    public static ShareFiles Scan(string path)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        bool isFile = File.Exists(root);
        if (!isFile && !Directory.Exists(root))
            throw new StorageException(StorageFailure.Changed, -1, $"'{path}' is not there. Check the path.");
        var places = new Dictionary<NewFile, (string, FileStamp)>();
        try
        {
            if (isFile)
                Add(places, new FileInfo(root), [Path.GetFileName(root)]);
            else
                AddFolder(places, root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, -1, root);
        }
        var files = new ShareFiles(root, isFile, [.. places.Keys], places);
        if (files.TotalLength == 0)
            throw new StorageException(StorageFailure.Failed, -1, $"'{path}' holds no bytes: there is nothing to share.");
        return files;
    }

    private static void AddFolder(Dictionary<NewFile, (string, FileStamp)> places, string root)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false, MaxRecursionDepth = 100,
        };
        foreach (FileInfo file in new DirectoryInfo(root).EnumerateFiles("*", everything))
            Add(places, file, [.. Path.GetRelativePath(root, file.FullName).Split(Path.DirectorySeparatorChar)]);
    }

    private static void Add(Dictionary<NewFile, (string, FileStamp)> places, FileInfo file, ImmutableArray<string> path)
    {
        bool executable = !OperatingSystem.IsWindows() && file.UnixFileMode.HasFlag(UnixFileMode.UserExecute);
        places[new NewFile(path, file.Length, executable)] = (file.FullName, new FileStamp(file.Length, file.LastWriteTimeUtc.Ticks));
    }
}
