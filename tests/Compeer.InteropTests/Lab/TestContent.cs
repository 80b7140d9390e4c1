namespace Compeer.InteropTests.Lab;

/// <summary>A file or folder to share, made from a seed, with the SHA-256 of everything in it.</summary>
public sealed class TestContent
{
    private TestContent(string path)
    {
        Path = path;
        Digests = DigestsOf(path);
        LengthBytes = Digests.Values.Sum(d => d.LengthBytes);
    }

    public string Path { get; }

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The directory that holds the file or folder: what a client calls its download directory.</summary>
    public string Parent => System.IO.Path.GetDirectoryName(Path)!;

    public long LengthBytes { get; }

    /// <summary>Relative path ('/' separated; "" for a single file) to length and SHA-256.</summary>
    public IReadOnlyDictionary<string, FileDigest> Digests { get; }

    /// <summary>What is there now.</summary>
    public static TestContent At(string path) => new(path);

    /// <summary>One file of random bytes.</summary>
    public static TestContent File(string parent, string name, int lengthBytes, int seed)
    {
        string path = System.IO.Path.Combine(Directory.CreateDirectory(parent).FullName, name);
        WriteRandom(path, lengthBytes, new Random(seed));
        return new TestContent(path);
    }

    /// <summary>500 files in nested folders: empty ones, 1-byte ones, sizes around a block and a piece, names in many scripts.</summary>
    public static TestContent Folder(string parent, string name, int seed)
    {
        var random = new Random(seed);
        string root = System.IO.Path.Combine(parent, name);
        for (int i = 0; i < 500; i++)
        {
            string path = System.IO.Path.Combine(root, FolderLayout.PathOf(i));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            WriteRandom(path, FolderLayout.LengthOf(i, random), random);
        }
        return new TestContent(root);
    }

    /// <summary>The same content in another directory, for clients that write beside what they seed.</summary>
    public TestContent CopyTo(string parent)
    {
        string copy = System.IO.Path.Combine(parent, Name);
        foreach (string relative in Digests.Keys)
        {
            string target = relative.Length == 0 ? copy : System.IO.Path.Combine(copy, relative);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            System.IO.File.Copy(relative.Length == 0 ? Path : System.IO.Path.Combine(Path, relative), target);
        }
        return new TestContent(copy);
    }

    /// <summary>
    /// Asserts that <paramref name="directory"/> holds this content under its name, byte for byte, and no other file in it.
    /// <paramref name="allow"/> names files that a client may leave beside it (pad files, control files); Transmission 3 makes no empty files.
    /// </summary>
    public void AssertIsIn(string directory, Func<string, bool>? allow = null, bool emptyFilesMayLack = false)
    {
        string path = System.IO.Path.Combine(directory, Name);
        Assert.True(System.IO.Path.Exists(path), $"Nothing at {path}; there is: {string.Join(", ", Directory.GetFileSystemEntries(directory))}");
        IReadOnlyDictionary<string, FileDigest> found = DigestsOf(path);
        string[] missing = [.. Digests.Keys.Where(p => !found.ContainsKey(p) && !(emptyFilesMayLack && Digests[p].LengthBytes == 0))];
        string[] extra = [.. found.Keys.Where(p => !Digests.ContainsKey(p) && allow?.Invoke(p) != true)];
        string[] wrong = [.. Digests.Where(entry => found.TryGetValue(entry.Key, out FileDigest? other) && other != entry.Value).Select(entry => $"{entry.Key} ({entry.Value.LengthBytes} B)")];
        Assert.True(missing.Length + extra.Length + wrong.Length == 0,
            $"{directory}: missing [{string.Join(", ", missing.Take(5))}] extra [{string.Join(", ", extra.Take(5))}] wrong bytes [{string.Join(", ", wrong.Take(5))}] ({missing.Length}/{extra.Length}/{wrong.Length})");
    }

    private static SortedDictionary<string, FileDigest> DigestsOf(string path)
    {
        var digests = new SortedDictionary<string, FileDigest>(StringComparer.Ordinal);
        if (System.IO.File.Exists(path))
        {
            digests[""] = FileDigest.Of(path);
            return digests;
        }
        foreach (string file in Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
            digests[System.IO.Path.GetRelativePath(path, file)] = FileDigest.Of(file);
        return digests;
    }

    private static void WriteRandom(string path, int lengthBytes, Random random)
    {
        byte[] bytes = new byte[lengthBytes];
        random.NextBytes(bytes);
        System.IO.File.WriteAllBytes(path, bytes);
    }
}
