using System.Collections.Immutable;
using System.CommandLine;
using Compeer.Cli.Output;
using Compeer.Content.Creation;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer create: writes a torrent file.</summary>
internal sealed class CreateCommand
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _path = new("PATH") { Description = "A file or folder" };
    private readonly Option<string> _output = new("--output", "-o") { Description = "The torrent file to write", HelpName = "FILE.torrent", Required = true };
    private readonly Option<string[]> _trackers = new("--tracker") { Description = "A tracker; may be repeated, each is a tier", HelpName = "URL", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string[]> _webSeeds = new("--web-seed") { Description = "An HTTP server that has the files: of the file, or of the folder that holds the shared one (ends with /); may be repeated", HelpName = "URL", CustomParser = Parse.WebSeeds, Arity = ArgumentArity.OneOrMore };
    private readonly Option<TorrentFormat> _format = new("--format") { Description = "v1, v2 or hybrid (default)", HelpName = "v1|v2|hybrid", CustomParser = Parse.Format, DefaultValueFactory = _ => TorrentFormat.Hybrid };
    private readonly Option<int> _pieceSize = new("--piece-size") { Description = "A power of two from 16K to 256M (default: one that gives about 1,500 pieces)", HelpName = "BYTES", CustomParser = Parse.PieceSize };
    private readonly Option<bool> _private = new("--private") { Description = "Peers may come from the trackers only" };
    private readonly Option<string?> _comment = new("--comment") { Description = "Free text to put in", HelpName = "TEXT" };

    public Command Build()
    {
        var command = new Command("create", "Make a torrent file of a file or folder");
        command.Arguments.Add(_path);
        foreach (Option option in (Option[])[_output, _trackers, _webSeeds, _format, _pieceSize, _private, _comment])
            command.Options.Add(option);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    /// <summary>Writes a torrent file.</summary>
    /// <exception cref="CommandException">The system refuses.</exception>
    public static void WriteTorrent(string path, Metainfo metainfo)
    {
        try
        {
            File.WriteAllBytes(path, metainfo.ToTorrentFile());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"The torrent file '{path}' cannot be written: {e.Message}");
        }
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        ShareFiles files = ShareFiles.Scan(result.GetValue(_path)!);
        var builder = new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, result.GetValue(_format), result.GetValue(_pieceSize))
        {
            IsPrivate = result.GetValue(_private),
            TrackerTiers = [.. (result.GetValue(_trackers) ?? []).Select(t => ImmutableArray.Create(t))],
            WebSeeds = [.. result.GetValue(_webSeeds) ?? []],
            Comment = result.GetValue(_comment),
            CreatedBy = "Compeer",
            CreationDate = DateTimeOffset.UtcNow,
        };
        Metainfo metainfo = await TorrentCreator.HashAsync(files, builder, null, cancellationToken);
        string path = result.GetValue(_output)!;
        WriteTorrent(path, metainfo);
        var link = new MagnetLink { InfoHashes = metainfo.InfoHashes, Name = metainfo.Name, Trackers = [.. metainfo.TrackerTiers.SelectMany(t => t)], WebSeeds = metainfo.WebSeeds };
        reporter.Sharing(new SharingReport(metainfo.Name, link.ToString(), metainfo.InfoHashes, metainfo.ContentLength, files.Files.Count, path, [], link.Trackers));
        return ExitCode.Done;
    }
}
