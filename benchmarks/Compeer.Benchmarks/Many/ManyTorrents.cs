using System.Globalization;
using System.Security.Cryptography;
using Compeer.Content.Creation;
using Compeer.Content.Storage;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Benchmarks.Many;

/// <summary>
/// Torrents on a disk with their journals, as runs that ended in good order leave them: the larger ones with 100 files of
/// 1 KiB, the others with one file of 1 KiB. Made once in a folder and found again by later runs.
/// </summary>
internal sealed class ManyTorrents
{
    private const int FilesOfLarge = 100;
    private const int FileBytes = 1024;

    private ManyTorrents(string folder, IReadOnlyList<InfoHashes> all)
    {
        Folder = folder;
        All = all;
    }

    public string Folder { get; }

    public string DataDirectory => DataOf(Folder);

    public string ContentDirectory => ContentOf(Folder);

    /// <summary>The torrents in the order in which they were made.</summary>
    public IReadOnlyList<InfoHashes> All { get; }

    /// <summary>Those of a folder that was filled before.</summary>
    public static ManyTorrents Open(string folder) => new(
        folder, [.. File.ReadLines(IndexOf(folder)).Skip(1).Select(line => new InfoHashes(new Sha1Hash(Convert.FromHexString(line)), null))]);

    /// <summary>Fills a folder, unless it was filled with the same before.</summary>
    public static async Task<ManyTorrents> MakeAsync(string folder, int torrents, int large, string? tracker)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"{torrents} torrents, {large} of {FilesOfLarge} files, tracker {tracker ?? "none"}");
        if (!File.Exists(IndexOf(folder)) || File.ReadLines(IndexOf(folder)).FirstOrDefault() != what)
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            Directory.CreateDirectory(ContentOf(folder));
            string[] ids = new string[torrents];
            await Parallel.ForAsync(0, torrents, async (i, _) => ids[i] = await MakeOneAsync(folder, i, i < large ? FilesOfLarge : 1, tracker));
            Directory.Delete(Path.Combine(DataOf(folder), "shares"), recursive: true);
            await File.WriteAllLinesAsync(IndexOf(folder), [what, .. ids]);
        }
        return Open(folder);
    }

    private static async Task<string> MakeOneAsync(string folder, int number, int files, string? tracker)
    {
        string root = Path.Combine(ContentOf(folder), number.ToString("d6", CultureInfo.InvariantCulture));
        if (files > 1)
            Directory.CreateDirectory(root);
        for (int i = 0; i < files; i++)
            await File.WriteAllBytesAsync(files > 1 ? Path.Combine(root, $"{i:d3}.bin") : root, RandomNumberGenerator.GetBytes(FileBytes));
        ShareFiles shared = ShareFiles.Scan(root);
        var builder = new MetainfoBuilder(shared.Name, shared.Files, shared.IsSingleFile, TorrentFormat.V1) { TrackerTiers = tracker is null ? [] : [[tracker]] };
        Metainfo metainfo = await TorrentCreator.HashAsync(shared, builder, null, CancellationToken.None);
        new ShareState(DataOf(folder), root, "").Save(shared, metainfo);
        using TorrentFolder kept = TorrentFolder.Open(DataOf(folder), metainfo.InfoHashes.Truncated, shared.Parent);
        kept.SaveMetainfo(metainfo.ToTorrentFile());
        return Convert.ToHexStringLower(metainfo.InfoHashes.Truncated.AsSpan());
    }

    private static string DataOf(string folder) => Path.Combine(folder, "data");

    private static string ContentOf(string folder) => Path.Combine(folder, "content");

    private static string IndexOf(string folder) => Path.Combine(folder, "index");
}
