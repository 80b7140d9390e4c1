namespace Compeer.Network.Native;

/// <summary>Small files that are there whole, old or new, whatever happens while they are written.</summary>
public static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces a file, or makes it.</summary>
    /// <param name="path">The file, in a folder that is there.</param>
    /// <param name="content">What it shall hold.</param>
    /// <param name="isSecret">Only its owner may read it.</param>
    /// <param name="durable">Waits until the disk has it; otherwise a death of the machine may leave the old one, or none.</param>
    /// <exception cref="IOException">The system refuses; the old file is untouched then.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool isSecret = false, bool durable = true)
    {
        string fresh = path + ".new";
        // One left by a crash may have other rights.
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (isSecret && !OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(fresh, options))
        {
            file.Write(content);
            file.Flush(durable);
        }
        File.Move(fresh, path, overwrite: true);
        if (durable)
            DirectorySync.Flush(Path.GetDirectoryName(path)!);
    }
}
