using System.Collections.Immutable;
using System.CommandLine;
using System.IO.Enumeration;
using System.Net;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer get: fetches, verifies, and ends; or keeps seeding.</summary>
internal sealed class GetCommand
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _source = new("LINK|FILE.torrent") { Description = "A magnet link (in quotes) or a torrent file" };
    private readonly Option<string> _directory = new("--dir", "-d") { Description = "Where to put the files (default: here)", HelpName = "DIR", DefaultValueFactory = _ => "." };
    private readonly Option<IPEndPoint[]> _peers = new("--peer") { Description = "A peer to ask first; may be repeated", HelpName = "IP:PORT", CustomParser = Parse.EndPoints, Arity = ArgumentArity.OneOrMore };
    private readonly Option<string[]> _only = new("--only") { Description = "Only files whose path matches, e.g. '*.txt'; may be repeated", HelpName = "GLOB", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _keepSeeding = new("--keep-seeding") { Description = "Go on giving when complete, until stopped" };
    private readonly Option<bool> _sequential = new("--sequential") { Description = "Fetch in order, for playing while loading" };
    private readonly Option<int> _timeout = new("--timeout") { Description = "Give up when nothing new came for so long (default: never)", HelpName = "SECONDS" };

    public Command Build()
    {
        var command = new Command("get", "Fetch what a link or torrent names from many peers at once, verified");
        command.Arguments.Add(_source);
        foreach (Option option in (Option[])[_directory, _peers, _only, _keepSeeding, _sequential, _timeout])
            command.Options.Add(option);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        string argument = result.GetValue(_source)!;
        if (MutableLink.IsMutable(argument))
            return await FollowAsync(argument, result, reporter, cancellationToken);
        TorrentSource source = TorrentSource.Read(argument);
        if (source.Metainfo is { } known)
            CheckSelection(known, result.GetValue(_only) ?? []);
        if (_common.FindDaemon(result, reporter, []) is { } daemon)
        {
            using (daemon)
                await HandOverAsync(daemon, source, result, reporter, cancellationToken);
            return ExitCode.Done;
        }
        await using TorrentClient client = _common.StartClient(result, reporter);
        await FetchAsync(client, source, result, reporter, static (watch, token) => watch.UntilStoppedAsync(token), cancellationToken);
        return ExitCode.Done;
    }

    /// <summary>Lets the daemon fetch it, and watches.</summary>
    private async Task HandOverAsync(DaemonConnection daemon, TorrentSource source, ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        string[] globs = result.GetValue(_only) ?? [];
        var addition = new JsonObject
        {
            ["directory"] = Path.GetFullPath(result.GetValue(_directory)!),
            ["sequential"] = result.GetValue(_sequential),
            ["peers"] = new JsonArray([.. (result.GetValue(_peers) ?? []).Select(p => (JsonNode)p.ToString())]),
        };
        var fetch = new DaemonFetch(daemon, reporter, TimeSpan.FromSeconds(result.GetValue(_timeout)));
        await fetch.RunAsync(source, result.GetValue(_source)!, addition, globs.Length > 0 ? path => Matches(globs, path) : null, cancellationToken);
    }

    /// <summary>Fetches what a mutable link names now; with --keep-seeding also every later version.</summary>
    private async Task<int> FollowAsync(string argument, ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        if (!MutableLink.TryParse(argument, out MutableLink? link, out string why))
            throw new CommandException(ExitCode.BadInput, $"The link cannot be used: {why}. Copy the whole link and put it in quotes.");
        await using TorrentClient client = _common.StartClient(result, reporter);
        if (client.Dht is null)
            throw new CommandException(ExitCode.Usage, "This link is looked up in the DHT: leave --no-dht and --proxy out.");
        var follower = new MutableFollower(client.Dht, link, TimeSpan.FromSeconds(result.GetValue(_timeout)));
        while (true)
        {
            (Sha1Hash infoHash, long version) = await follower.NextAsync(cancellationToken);
            reporter.Published(version, infoHash, 0);
            var source = new TorrentSource(new InfoHashes(infoHash, null), null, null);
            await FetchAsync(
                client, source, result, reporter,
                (watch, token) => follower.UntilNewerAsync(() => watch.UntilStoppedAsync(token), token), cancellationToken);
            if (!result.GetValue(_keepSeeding))
                return ExitCode.Done;
        }
    }

    private async Task FetchAsync(
        TorrentClient client, TorrentSource source, ParseResult result, IReporter reporter,
        Func<TorrentWatch, CancellationToken, Task> seed, CancellationToken cancellationToken)
    {
        string[] globs = result.GetValue(_only) ?? [];
        string directory = Path.GetFullPath(result.GetValue(_directory)!);
        await using Torrent torrent = client.Add(new TorrentSettings
        {
            Directory = directory,
            InfoHashes = source.InfoHashes,
            Metainfo = source.Metainfo,
            TrackerTiers = source.TrackerTiers,
            WebSeeds = source.Link?.WebSeeds ?? [],
            Peers = [.. result.GetValue(_peers) ?? []],
            LinkPeers = await source.FindPeersAsync(_common.Proxy(result) is null, cancellationToken),
            Select = Selection(globs, source.Link),
            Sequential = result.GetValue(_sequential),
        });
        var watch = new TorrentWatch(torrent, reporter, TimeSpan.FromSeconds(result.GetValue(_timeout)));
        TorrentStatus done = await watch.UntilCompleteAsync(globs, cancellationToken);
        reporter.Complete(done, directory);
        if (!result.GetValue(_keepSeeding))
            return;
        reporter.Note("Giving it to others now. Press Ctrl-C to stop.");
        await seed(watch, cancellationToken);
    }

    /// <summary>A selection that matches nothing is a mistake, and should be told before anything is fetched.</summary>
    public static void CheckSelection(Metainfo metainfo, string[] globs)
    {
        if (globs.Length > 0 && !metainfo.Files.Any(f => !f.IsPad && Matches(globs, f.SafePath)))
            throw new CommandException(ExitCode.BadInput, $"No file of '{Printable.Text(metainfo.Name)}' matches --only {string.Join(' ', globs)}. 'compeer info' lists its files.");
    }

    private static Func<TorrentFile, bool>? Selection(string[] globs, MagnetLink? link)
    {
        if (globs.Length > 0)
            return file => Matches(globs, file.SafePath);
        if (link is not { SelectedFiles.IsEmpty: false })
            return null;
        HashSet<int> indexes = [.. link.SelectedFiles];
        return file => indexes.Contains(file.Index);
    }

    private static bool Matches(string[] globs, string path)
    {
        string within = path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..];
        string name = Path.GetFileName(path);
        return globs.Any(g => FileSystemName.MatchesSimpleExpression(g, within, ignoreCase: true)
            || FileSystemName.MatchesSimpleExpression(g, path, ignoreCase: true)
            || FileSystemName.MatchesSimpleExpression(g, name, ignoreCase: true));
    }
}
