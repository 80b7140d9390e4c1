using System.CommandLine;
using Compeer.Cli.Output;
using Compeer.Content.Creation;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer verify: hashes files against a torrent and says which are whole.</summary>
internal sealed class VerifyCommand
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _torrent = new("FILE.torrent") { Description = "A torrent file" };
    private readonly Argument<string> _directory = new("DIR") { Description = "The folder that holds what it describes" };

    public Command Build()
    {
        var command = new Command("verify", "Check files on the disk against a torrent file");
        command.Arguments.Add(_torrent);
        command.Arguments.Add(_directory);
        _common.AddTo(command);
        command.SetAction((result, token) => Runner.RunAsync(_common.Reporter(result), reporter => RunAsync(result, reporter, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, IReporter reporter, CancellationToken cancellationToken)
    {
        Metainfo metainfo = TorrentSource.ReadFile(result.GetValue(_torrent)!);
        string directory = result.GetValue(_directory)!;
        if (!Directory.Exists(directory))
            throw new CommandException(ExitCode.BadInput, $"The folder '{directory}' is not there. Check the path.");
        if (!metainfo.HasAllPieceLayers && metainfo.InfoHashes.V1 is null)
            throw new CommandException(ExitCode.BadInput, "The torrent file lacks the piece layers that v2 needs to verify anything. Get the whole torrent file.");
        ContentReport report = await ContentVerifier.VerifyAsync(metainfo, directory, cancellationToken);
        foreach ((TorrentFile file, FileCondition condition) in report.Files)
        {
            if (condition != FileCondition.Whole)
                reporter.Note($"{condition switch { FileCondition.Missing => "missing", FileCondition.WrongLength => "wrong size", _ => "damaged" }}: {file.SafePath}");
        }
        if (report.IsWhole)
        {
            reporter.Note($"Whole: {Units.Size(metainfo.ContentLength)} in {report.Files.Count} files match {result.GetValue(_torrent)}.");
            return ExitCode.Done;
        }
        throw new CommandException(ExitCode.BadInput, $"{report.BadPieces} of {metainfo.PieceCount} pieces do not match. 'compeer get' with the same torrent and --dir repairs them.");
    }
}
