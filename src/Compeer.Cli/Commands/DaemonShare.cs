using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer share where a daemon runs: the daemon reads the files and serves them, this command prints the link.</summary>
internal static class DaemonShare
{
    /// <summary>Returns when the daemon serves it.</summary>
    /// <exception cref="CommandException">It cannot be shared.</exception>
    public static async Task<int> RunAsync(DaemonConnection daemon, string path, TorrentFormat format, string[] trackers, bool showsQrCode, IReporter reporter, CancellationToken cancellationToken)
    {
        reporter.Note("The daemon reads the files...");
        JsonNode job = await daemon.RunJobAsync("create", new JsonObject
        {
            ["path"] = Path.GetFullPath(path),
            ["format"] = format.ToString().ToLowerInvariant(),
            ["trackers"] = new JsonArray([.. trackers.Select(t => (JsonNode)t)]),
            ["share"] = true,
        }, cancellationToken);
        string id = job["torrent"]!.GetValue<string>(), link = job["link"]!.GetValue<string>();
        JsonNode torrent = (await daemon.GetAsync($"torrents/{id}", cancellationToken))!;
        MetadataReport described = DaemonFetch.Describe(torrent, (await daemon.GetAsync($"torrents/{id}/files", cancellationToken))!["items"]!.AsArray().Count);
        string[] addresses = MagnetLink.TryParse(link, out MagnetLink? parsed, out _) ? [.. parsed.Peers] : [];
        reporter.Sharing(new SharingReport(described.Name, link, described.InfoHashes, described.LengthBytes, described.Files, null, addresses, trackers, id));
        if (showsQrCode)
            QrCode.Write(link, Console.Error);
        return ExitCode.Done;
    }
}
