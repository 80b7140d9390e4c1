using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Cli.Output;
using Compeer.Formats.Torrents;

namespace Compeer.Cli.Commands;

/// <summary>compeer info: explains a link or torrent to a person, or as one JSON object.</summary>
internal sealed class InfoCommand
{
    private const int FilesShown = 50;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Argument<string> _source = new("LINK|FILE.torrent") { Description = "A magnet link (in quotes) or a torrent file" };
    private readonly Option<bool> _json = new("--json") { Description = "One JSON object" };
    private readonly Option<bool> _all = new("--all") { Description = $"List every file, not only the first {FilesShown}" };

    public Command Build()
    {
        var command = new Command("info", "Explain what a link or torrent file holds");
        command.Arguments.Add(_source);
        command.Options.Add(_json);
        command.Options.Add(_all);
        command.SetAction(result =>
        {
            try
            {
                TorrentSource source = TorrentSource.Read(result.GetValue(_source)!);
                if (result.GetValue(_json))
                    Console.Out.WriteLine(ToJson(source).ToJsonString(Indented));
                else if (source.Metainfo is { } metainfo)
                    Explain(metainfo, result.GetValue(_all), Console.Out);
                else
                    Explain(source.Link!, Console.Out);
                return ExitCode.Done;
            }
            catch (CommandException e)
            {
                Console.Error.WriteLine($"compeer: {e.Message}");
                return e.ExitCode;
            }
        });
        return command;
    }

    private static void Explain(MagnetLink link, TextWriter output)
    {
        output.WriteLine($"Link to        {Printable.Text(link.Name ?? "(no name given)")}");
        WriteHashes(link.InfoHashes, output);
        WriteList(output, "Trackers", link.Trackers);
        WriteList(output, "Peers", link.Peers);
        WriteList(output, "Web seeds", link.WebSeeds);
        if (!link.SelectedFiles.IsEmpty)
            output.WriteLine($"Files wanted   {string.Join(", ", link.SelectedFiles.Take(FilesShown))}");
        output.WriteLine("Files and sizes are known once a peer has given the description: 'compeer get' asks for it.");
        if (link.Trackers.IsEmpty && link.Peers.IsEmpty)
            output.WriteLine("Problem        The link names neither trackers nor peers: 'compeer get' needs --peer.");
    }

    private static void Explain(Metainfo metainfo, bool all, TextWriter output)
    {
        TorrentFile[] files = [.. metainfo.Files.Where(f => !f.IsPad)];
        output.WriteLine($"Name           {Printable.Text(metainfo.Name)}");
        output.WriteLine($"Size           {Units.Size(metainfo.ContentLength)} ({metainfo.ContentLength} bytes) in {Units.Count(files.Length, "file")}");
        output.WriteLine($"Format         {Describe(metainfo.Format)}");
        output.WriteLine($"Pieces         {metainfo.PieceCount} of {Units.Size(metainfo.PieceLength)}");
        WriteHashes(metainfo.InfoHashes, output);
        output.WriteLine($"Private        {(metainfo.IsPrivate ? "yes: peers come from its trackers only" : "no")}");
        WriteList(output, "Trackers", [.. metainfo.TrackerTiers.SelectMany((tier, i) => tier.Select(t => $"{t} (tier {i + 1})"))]);
        WriteList(output, "Web seeds", metainfo.WebSeeds);
        if (metainfo.Comment is { } comment)
            output.WriteLine($"Comment        {Printable.Text(comment)}");
        if (metainfo.CreatedBy is { } program)
            output.WriteLine($"Made by        {Printable.Text(program)}");
        if (metainfo.CreationDate is { } date)
            output.WriteLine($"Made on        {date:yyyy-MM-dd HH:mm} UTC");
        WriteList(output, "Problems", metainfo.Problems);
        output.WriteLine("Files");
        foreach (TorrentFile file in files.Take(all ? int.MaxValue : FilesShown))
            output.WriteLine($"  {Units.Size(file.Length),10}  {Printable.Text(file.SafePath)}{(file.SymlinkTarget is null ? "" : " (a link; not created)")}");
        if (!all && files.Length > FilesShown)
            output.WriteLine($"  and {files.Length - FilesShown} more; --all lists them.");
        var link = new MagnetLink { InfoHashes = metainfo.InfoHashes, Name = metainfo.Name, Trackers = [.. metainfo.TrackerTiers.SelectMany(t => t)] };
        output.WriteLine($"Link           {link}");
    }

    private static string Describe(TorrentFormat format) => format switch
    {
        TorrentFormat.V1 => "v1 (every client)",
        TorrentFormat.V2 => "v2 (newer clients only)",
        _ => "hybrid: v1 and v2 (most clients; not aria2 and Transmission 3)",
    };

    private static void WriteHashes(InfoHashes hashes, TextWriter output)
    {
        if (hashes.V1 is { } v1)
            output.WriteLine($"Hash v1        {v1}");
        if (hashes.V2 is { } v2)
            output.WriteLine($"Hash v2        {v2}");
    }

    private static void WriteList(TextWriter output, string title, IReadOnlyCollection<string> values)
    {
        foreach (string value in values)
        {
            output.WriteLine($"{title,-15}{Printable.Text(value)}");
            title = "";
        }
    }

    private static JsonObject ToJson(TorrentSource source)
    {
        var json = new JsonObject
        {
            ["name"] = source.Metainfo?.Name ?? source.Link?.Name,
            ["v1"] = source.InfoHashes.V1?.ToString(),
            ["v2"] = source.InfoHashes.V2?.ToString(),
            ["trackers"] = Strings(source.Metainfo?.TrackerTiers.SelectMany(t => t) ?? source.Link!.Trackers),
        };
        if (source.Metainfo is not { } metainfo)
        {
            json["peers"] = Strings(source.Link!.Peers);
            return json;
        }
        json["format"] = JsonNamingPolicy.CamelCase.ConvertName(metainfo.Format.ToString());
        json["bytes"] = metainfo.ContentLength;
        json["pieces"] = metainfo.PieceCount;
        json["pieceBytes"] = metainfo.PieceLength;
        json["private"] = metainfo.IsPrivate;
        json["problems"] = Strings(metainfo.Problems);
        json["files"] = new JsonArray([.. metainfo.Files.Where(f => !f.IsPad).Select(f => new JsonObject { ["path"] = f.SafePath, ["bytes"] = f.Length })]);
        return json;
    }

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
