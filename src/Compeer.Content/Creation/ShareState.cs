using System.Security.Cryptography;
using System.Text;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Creation;

/// <summary>
/// Remembers what was made of a path, so that sharing it again, unchanged, costs a look at the files and no hashing.
/// </summary>
public sealed class ShareState
{
    private readonly string _dataDirectory;
    private readonly string _base;

    /// <param name="dataDirectory">The node's data directory.</param>
    /// <param name="root">The path that is shared, absolute.</param>
    /// <param name="variant">What else the torrent depends on: its format, for one.</param>
    public ShareState(string dataDirectory, string root, string variant)
    {
        _dataDirectory = dataDirectory;
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"{variant}\n{root}"));
        _base = Path.Combine(dataDirectory, "shares", Convert.ToHexStringLower(key.AsSpan(0, 12)));
    }

    /// <summary>The torrent made last time, if no file has changed since; else null.</summary>
    public Metainfo? Load(ShareFiles files) =>
        File.Exists(_base + ".files") && File.Exists(_base + ".torrent")
        && File.ReadAllText(_base + ".files") == files.Fingerprint
        && Metainfo.TryParse(File.ReadAllBytes(_base + ".torrent"), MetainfoLimits.Default, out Metainfo? metainfo, out _)
            ? metainfo
            : null;

    /// <summary>Keeps a new torrent, and notes for its seeding that every piece of it is verified.</summary>
    /// <exception cref="StorageException">The system refuses, or the torrent is being seeded already.</exception>
    public void Save(ShareFiles files, Metainfo metainfo)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_base)!);
            File.Delete(_base + ".files");
            File.WriteAllBytes(_base + ".torrent", metainfo.ToTorrentFile());
            using TorrentFolder folder = TorrentFolder.Open(_dataDirectory, metainfo.InfoHashes.Truncated, files.Parent);
            using var journal = ResumeJournal.Of(folder, metainfo, files.Parent);
            bool[] have = new bool[metainfo.PieceCount];
            Array.Fill(have, true);
            var byPath = files.Files.ToDictionary(f => string.Join('/', f.Path));
            journal.Begin(have, new bool[metainfo.Files.Length], [], metainfo.Files
                .Where(f => !f.IsPad)
                .Select(f => KeyValuePair.Create(f.Index, files.Places[byPath[string.Join('/', f.Path)]].Stamp)));
            journal.Synced(journal.Position, clean: true);
            File.WriteAllText(_base + ".files", files.Fingerprint);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, -1, _base);
        }
    }
}
