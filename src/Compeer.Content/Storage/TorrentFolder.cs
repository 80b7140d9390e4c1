using System.Security.Cryptography;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Network.Native;

namespace Compeer.Content.Storage;

/// <summary>
/// What the node keeps about one torrent in one place: its metainfo, the journal and the side file, behind a lock
/// that one process holds at a time.
/// </summary>
public sealed class TorrentFolder : IDisposable
{
    private const int MaxPeersBytes = 16 * 1024;

    private readonly Lock _savingPeers = new();
    private readonly string _folder;
    private readonly FileStream _lock;

    private TorrentFolder(string folder, FileStream @lock)
    {
        _folder = folder;
        _lock = @lock;
    }

    /// <summary>Where the journal is.</summary>
    public string JournalPath => Path.Combine(_folder, "journal");

    /// <summary>Where content of unwanted files is kept.</summary>
    public string SidePath => Path.Combine(_folder, "side");

    private string PeersPath => Path.Combine(_folder, "peers");

    private string MetainfoPath => Path.Combine(_folder, "metainfo.torrent");

    /// <summary>Opens, or makes, the folder for a swarm whose files lie in <paramref name="directory"/>.</summary>
    /// <exception cref="StorageException">Another process uses it, or the system refuses.</exception>
    public static TorrentFolder Open(string dataDirectory, Sha1Hash swarmId, string directory)
    {
        byte[] place = SHA256.HashData(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))));
        string folder = Path.Combine(dataDirectory, "torrents", $"{swarmId}-{Convert.ToHexStringLower(place.AsSpan(0, 4))}");
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, -1, folder);
        }
        try
        {
            return new TorrentFolder(folder, new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(StorageFailure.Denied, -1, $"Another compeer works on this torrent in '{directory}'. Stop it, or choose another folder or --data-dir.", e);
        }
    }

    /// <summary>The metainfo kept from last time, or null.</summary>
    public byte[]? LoadMetainfo() => File.Exists(MetainfoPath) ? File.ReadAllBytes(MetainfoPath) : null;

    /// <summary>Keeps the metainfo, atomically, unless it is kept already.</summary>
    public void SaveMetainfo(byte[] torrentFile)
    {
        if (new FileInfo(MetainfoPath) is { Exists: true } kept && kept.Length == torrentFile.Length && File.ReadAllBytes(MetainfoPath).AsSpan().SequenceEqual(torrentFile))
            return;
        AtomicFile.Write(MetainfoPath, torrentFile);
    }

    /// <summary>The peers kept from last time, or null.</summary>
    public byte[]? LoadPeers()
    {
        try
        {
            return File.Exists(PeersPath) && new FileInfo(PeersPath).Length <= MaxPeersBytes ? File.ReadAllBytes(PeersPath) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Keeps peers, atomically but without waiting for the disk: after a power cut there may be none, which costs little. What the
    /// system refuses is not kept. Thread-safe.
    /// </summary>
    public void SavePeers(byte[] peers)
    {
        lock (_savingPeers)
        {
            try
            {
                AtomicFile.Write(PeersPath, peers, durable: false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next start asks the trackers first; nothing else is lost.
            }
        }
    }

    /// <summary>Forgets everything, and gives the folder up; the description goes first, so that a folder that has one has all else too.</summary>
    /// <exception cref="StorageException">The system refuses.</exception>
    public void Delete()
    {
        Dispose();
        try
        {
            File.Delete(MetainfoPath);
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, -1, _folder);
        }
    }

    public void Dispose() => _lock.Dispose();
}
