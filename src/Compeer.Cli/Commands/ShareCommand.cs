using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using Compeer.Cli.Output;
using Compeer.Content.Creation;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Network.Proxies;
using Compeer.Node.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer share: makes a torrent of a file or folder, prints its link, and serves it.</summary>
internal sealed class ShareCommand
{
    private const string SelfTracker = "self";

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _path = new("PATH") { Description = "A file or folder" };
    private readonly Option<string[]> _trackers = new("--tracker") { Description = "A tracker to announce to, or 'self' to run one here; may be repeated", HelpName = "URL", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string[]> _webSeeds = new("--web-seed") { Description = "An HTTP server that has the files too: put into the link; may be repeated", HelpName = "URL", CustomParser = Parse.WebSeeds, Arity = ArgumentArity.OneOrMore };
    private readonly Option<TorrentFormat> _format = new("--format") { Description = "v1, v2 or hybrid (default); aria2 and Transmission 3 read v1 only", HelpName = "v1|v2|hybrid", CustomParser = Parse.Format, DefaultValueFactory = _ => TorrentFormat.Hybrid };
    private readonly Option<string?> _torrentOut = new("--torrent-out") { Description = "Write the torrent file too", HelpName = "FILE" };
    private readonly Option<bool> _qr = new("--qr") { Description = "Show the link as a QR code too" };
    private readonly Option<bool> _mutable = new("--mutable") { Description = "Give a link that follows later versions of the files" };
    private readonly Option<bool> _superSeeding = new("--super-seeding") { Description = "Give each piece about once and let the others pass it on" };

    public Command Build()
    {
        var command = new Command("share", "Share a file or folder until stopped; prints the link first");
        command.Arguments.Add(_path);
        foreach (Option option in (Option[])[_trackers, _webSeeds, _format, _torrentOut, _qr, _mutable, _superSeeding])
            command.Options.Add(option);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        if (_common.FindDaemon(result, reporter, [_webSeeds, _torrentOut, _mutable, _superSeeding]) is { } found)
        {
            using DaemonConnection daemon = found;
            return await DaemonShare.RunAsync(daemon, result.GetValue(_path)!, result.GetValue(_format), result.GetValue(_trackers) ?? [], result.GetValue(_qr), reporter, cancellationToken);
        }
        if (result.GetValue(_trackers)?.Contains(SelfTracker) == true && !new NetworkPolicy(_common.Proxy(result)).AllowsDirect(TrafficClass.TrackerServer))
            throw new CommandException(ExitCode.Usage, "'--tracker self' needs others to reach this machine, which --proxy forbids. Name another tracker.");
        ShareFiles files = ShareFiles.Scan(result.GetValue(_path)!);
        Metainfo metainfo = await DescribeAsync(files, result, reporter, cancellationToken);

        await using TorrentClient client = _common.StartClient(result, reporter);
        MutableShare? mutable = StartMutable(result, client, files, reporter);
        await using SelfTracker? tracker = await StartTrackerAsync(result, LinkAddresses.OwnOf(client, _common.Bind(result)), cancellationToken);
        ImmutableArray<string> trackers = [.. (result.GetValue(_trackers) ?? []).Where(t => t != SelfTracker), .. tracker?.Urls ?? []];
        string[] reachable = await LinkAddresses.FindAsync(client, _common.Bind(result), cancellationToken);
        if (client.Relay is { Status.Relayed: null })
            reporter.Note("The relay has given no port yet, so the link does without it.");
        bool isFirst = true;
        while (true)
        {
            metainfo = metainfo.WithTrackers([.. trackers.Select(t => ImmutableArray.Create(t))]).WithWebSeeds([.. result.GetValue(_webSeeds) ?? []]);
            if (result.GetValue(_torrentOut) is { } path)
                CreateCommand.WriteTorrent(path, metainfo);
            var magnet = new MagnetLink { InfoHashes = metainfo.InfoHashes, Name = metainfo.Name, Trackers = trackers, WebSeeds = metainfo.WebSeeds, Peers = [.. reachable, .. LinkAddresses.Seen(client, reachable)] };
            string link = mutable?.Link.ToString() ?? magnet.ToString();
            await using Torrent torrent = client.Add(new TorrentSettings
            {
                Directory = files.Parent,
                InfoHashes = metainfo.InfoHashes,
                Metainfo = metainfo,
                SuperSeeding = result.GetValue(_superSeeding),
            });
            reporter.Sharing(new SharingReport(
                metainfo.Name, link, metainfo.InfoHashes, metainfo.ContentLength, files.Files.Count, result.GetValue(_torrentOut), reachable, trackers));
            if (result.GetValue(_qr) && isFirst)
                QrCode.Write(link, Console.Error);
            isFirst = false;
            files = await ServeAsync(torrent, mutable, files, metainfo, result, reporter, cancellationToken);
            reporter.Note("The files changed: making a new version.");
            metainfo = await DescribeAsync(files, result, reporter, cancellationToken);
        }
    }

    /// <summary>Serves one version; returns only when there is a newer one, which happens to mutable shares alone.</summary>
    private async Task<ShareFiles> ServeAsync(
        Torrent torrent, MutableShare? mutable, ShareFiles files, Metainfo metainfo, ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        using var version = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watch = new TorrentWatch(torrent, reporter, TimeSpan.Zero).UntilStoppedAsync(version.Token);
        if (mutable is null)
        {
            await watch;
            return files;
        }
        Task publish = mutable.PublishAsync(metainfo.InfoHashes.V1!.Value, version.Token);
        Task<ShareFiles> change = MutableShare.UntilChangedAsync(files, result.GetValue(_path)!, version.Token);
        await await Task.WhenAny(watch, publish, change);
        await version.CancelAsync();
        await Task.WhenAll(watch, publish).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return await change;
    }

    private MutableShare? StartMutable(ParseResult result, TorrentClient client, ShareFiles files, IReporter reporter)
    {
        if (!result.GetValue(_mutable))
            return null;
        if (client.Dht is null)
            throw new CommandException(ExitCode.Usage, "--mutable needs the DHT: leave --no-dht and --proxy out.");
        if (result.GetValue(_format) == TorrentFormat.V2)
            throw new CommandException(ExitCode.Usage, "--mutable names torrents by their v1 hash: use --format v1 or hybrid.");
        return new MutableShare(client.Dht, _common.DataDirectory(result), files.Root, reporter);
    }

    private async Task<Metainfo> DescribeAsync(ShareFiles files, ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        TorrentFormat format = result.GetValue(_format);
        var state = new ShareState(_common.DataDirectory(result), files.Root, format.ToString());
        return state.Load(files) ?? await CreateAsync(files, format, state, reporter, cancellationToken);
    }

    private static async Task<Metainfo> CreateAsync(
        ShareFiles files, TorrentFormat format, ShareState state, IReporter reporter, CancellationToken cancellationToken)
    {
        var builder = new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, format);
        CheckNames(files, builder);
        reporter.Note($"Reading {Units.Size(files.TotalLength)} in {Units.Count(files.Files.Count, "file")}...");
        Metainfo metainfo = await TorrentCreator.HashAsync(files, builder, null, cancellationToken);
        state.Save(files, metainfo);
        return metainfo;
    }

    /// <summary>What others would have to rename could not be served from here under its own name.</summary>
    private static void CheckNames(ShareFiles files, MetainfoBuilder builder)
    {
        foreach (TorrentFile file in builder.Files.Where(f => !f.IsPad))
        {
            string full = Path.GetFullPath(Path.Combine(files.Parent, file.SafePath));
            if (!File.Exists(full))
                throw new CommandException(ExitCode.BadInput, $"'{Printable.Text(string.Join('/', file.Path))}' has a name that other systems cannot store (it would become '{Printable.Text(file.SafePath)}'). Rename it and try again.");
        }
    }

    private async Task<SelfTracker?> StartTrackerAsync(ParseResult result, IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken) =>
        result.GetValue(_trackers)?.Contains(SelfTracker) == true
            ? await Commands.SelfTracker.StartAsync(_common.Bind(result), addresses, cancellationToken)
            : null;
}
