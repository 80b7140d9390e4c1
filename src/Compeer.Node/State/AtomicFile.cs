using Compeer.Network.Native;

namespace Compeer.Node.State;

/// <summary>Small files that are there whole, old or new, whatever happens while they are written.</summary>
public static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces a file, and waits until the disk has it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What it shall hold.</param>
    /// <param name="isSecret">Only its owner may read it.</param>
    /// <exception cref="NodeException">The system refuses; the old file is untouched then.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool isSecret)
    {
        string fresh = path + ".new";
        try
        {
            // One left by a crash may have other rights.
            File.Delete(fresh);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (isSecret && !OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using (var file = new FileStream(fresh, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(fresh, path, overwrite: true);
            DirectorySync.Flush(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"'{path}' cannot be written: {e.Message} Nothing was changed. Make room, or check who may write there.", e);
        }
    }
}
