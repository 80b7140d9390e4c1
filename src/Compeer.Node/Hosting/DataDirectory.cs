using System.Security.Cryptography;
using System.Text;
using Compeer.Node.State;

namespace Compeer.Node.Hosting;

/// <summary>The folder in which one node at a time keeps everything. The lock ends with the process, however it ends.</summary>
public sealed class DataDirectory : IDisposable
{
    private const int TokenBytes = 32;
    private const string LockName = "daemon.lock";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream @lock) => (Root, _lock) = (path, @lock);

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>What the node remembers.</summary>
    public string StatePath => Path.Combine(Root, "node.state");

    /// <summary>The log.</summary>
    public string LogPath => Path.Combine(Root, "node.log");

    /// <summary>Where the token of a data directory is.</summary>
    public static string TokenPath(string root) => Path.Combine(root, "token");

    /// <summary>Where a running daemon writes its address.</summary>
    public static string ApiPath(string root) => Path.Combine(root, "api");

    /// <summary>Where the API of the daemon is that uses a data directory now; null when none does.</summary>
    public static string? FindRunning(string root)
    {
        string lockPath = Path.Combine(root, LockName);
        try
        {
            if (!File.Exists(lockPath) || !File.Exists(ApiPath(root)))
                return null;
            new FileStream(lockPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return File.Exists(ApiPath(root)) ? File.ReadAllText(ApiPath(root)).Trim() : null;
        }
    }

    /// <summary>Opens, or makes, the folder.</summary>
    /// <exception cref="NodeException">Another daemon uses it, or the system refuses.</exception>
    public static DataDirectory Open(string path)
    {
        string root = Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(root);
            else
                Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"The data directory '{root}' cannot be used: {e.Message} Choose another with --data-dir.", e);
        }
        try
        {
            return new DataDirectory(root, new FileStream(Path.Combine(root, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string running = File.Exists(ApiPath(root)) ? $" It answers at {File.ReadAllText(ApiPath(root)).Trim()}." : "";
            throw new NodeException(NodeFailure.Usage, $"A daemon already uses the data directory '{root}'.{running} Stop it, or choose another --data-dir.", e);
        }
    }

    /// <summary>The token that proves that one may read this folder: 256 random bits, made at the first start.</summary>
    public string ReadOrMakeToken()
    {
        string path = TokenPath(Root);
        try
        {
            if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: >= 2 * TokenBytes } token)
                return token;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"The token in '{path}' cannot be read: {e.Message}", e);
        }
        string made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        NodeFile.Write(path, Encoding.ASCII.GetBytes(made + "\n"), isSecret: true);
        return made;
    }

    /// <summary>Tells other commands where the API is.</summary>
    public void WriteApiAddress(string url) => NodeFile.Write(ApiPath(Root), Encoding.ASCII.GetBytes(url + "\n"), isSecret: false);

    public void Dispose()
    {
        File.Delete(ApiPath(Root));
        _lock.Dispose();
    }
}
