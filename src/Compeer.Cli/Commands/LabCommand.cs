using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Text.Json.Nodes;
using Compeer.Simulator;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Worlds;

namespace Compeer.Cli.Commands;

/// <summary>compeer lab: runs simulated worlds and prints what they show.</summary>
internal sealed class LabCommand
{
    private const int MinNodes = 16;
    private const int MaxNodes = 1_000_000;

    private readonly Argument<string> _world = new("WORLD") { Description = "A name that 'compeer lab list' shows" };
    private readonly Option<Seed> _seed = new("--seed") { Description = "The same seed gives the same run (default: 1)", HelpName = "S", CustomParser = ParseSeed, DefaultValueFactory = _ => new Seed(1) };
    private readonly Option<int?> _nodes = new("--nodes") { Description = "How many nodes (default: the world's own)", HelpName = "N", CustomParser = ParseNodes };
    private readonly Option<FileInfo?> _csv = new("--csv") { Description = "Write the figures into this file too", HelpName = "FILE" };
    private readonly Option<FileInfo?> _svg = new("--svg") { Description = "Draw the figures into this file", HelpName = "FILE" };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON object a line" };

    public Command Build()
    {
        var list = new Command("list", "Show the worlds");
        list.Options.Add(_json);
        list.SetAction(List);
        var run = new Command("run", "Run a world and print its figures and the digest of its trace");
        run.Arguments.Add(_world);
        run.Options.Add(_seed);
        run.Options.Add(_nodes);
        run.Options.Add(_csv);
        run.Options.Add(_svg);
        run.Options.Add(_json);
        run.SetAction((result, token) => Task.FromResult(Run(result, token)));
        var command = new Command("lab", "Simulated worlds: thousands of nodes in this process, repeatable from a seed; and a node of every overlay to try");
        command.Subcommands.Add(new LabNodeCommand().Build());
        command.Subcommands.Add(list);
        command.Subcommands.Add(run);
        return command;
    }

    private int List(ParseResult result)
    {
        int width = World.All.Max(w => w.Name.Length);
        foreach (World world in World.All)
        {
            Console.Out.WriteLine(result.GetValue(_json)
                ? new JsonObject { ["event"] = "world", ["name"] = world.Name, ["nodes"] = world.DefaultNodes, ["summary"] = world.Summary }.ToJsonString()
                : string.Create(CultureInfo.InvariantCulture, $"{world.Name.PadRight(width)} {world.DefaultNodes,7} nodes  {world.Summary}"));
        }
        return ExitCode.Done;
    }

    private int Run(ParseResult result, CancellationToken cancellationToken)
    {
        string name = result.GetValue(_world)!;
        if (World.All.FirstOrDefault(w => w.Name == name) is not { } world)
        {
            Console.Error.WriteLine($"compeer: There is no world '{name}'. 'compeer lab list' shows those there are.");
            return ExitCode.Usage;
        }
        var options = new WorldOptions(result.GetValue(_seed), result.GetValue(_nodes) ?? world.DefaultNodes);
        try
        {
            // Collections in the background would take the processors that the cases need.
            GCSettings.LatencyMode = GCLatencyMode.Batch;
            long start = Stopwatch.GetTimestamp();
            WorldReport report = world.Run(options, cancellationToken);
            TimeSpan wall = Stopwatch.GetElapsedTime(start);
            if (result.GetValue(_json))
                PrintJson(report, wall);
            else
                PrintTable(report, wall);
            if (result.GetValue(_csv) is { } csv)
                File.WriteAllText(csv.FullName, report.ToCsv());
            if (result.GetValue(_svg) is { } svg)
                File.WriteAllText(svg.FullName, report.ToSvg());
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (SimulationException e)
        {
            Console.Error.WriteLine($"compeer: {e.Message}");
            return ExitCode.BadInput;
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"compeer: The figures cannot be drawn: {e.Message} Leave --svg out, or take more nodes.");
            return ExitCode.BadInput;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"compeer: The figures cannot be written: {e.Message} Choose another file.");
            return ExitCode.Disk;
        }
    }

    private static void PrintTable(WorldReport report, TimeSpan wall)
    {
        IReadOnlyList<string> columns = report.Columns();
        var lines = new List<string[]> { (string[])["", .. columns] };
        foreach (WorldRow row in report.Rows)
        {
            string[] line = new string[columns.Count + 1];
            Array.Fill(line, "");
            line[0] = row.Name;
            for (int i = 0; i < row.Cells.Count; i++)
                line[columns.ToList().IndexOf(row.Cells[i].Column) + 1] = row.Text(i);
            lines.Add(line);
        }
        int[] widths = [.. Enumerable.Range(0, columns.Count + 1).Select(column => lines.Max(l => l[column].Length))];
        foreach (string[] line in lines)
            Console.Out.WriteLine(string.Join("  ", line.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        Console.Out.WriteLine();
        foreach (CaseReport one in report.Cases)
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"case {one.Name}: {one.Trace.Deliveries:N0} messages, {one.Elapsed.TotalMinutes:0} virtual minutes in {one.Wall.TotalSeconds:0.0} s"));
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"world {report.World}, seed {report.Options.Seed}, {report.Options.Nodes} nodes: {report.Deliveries:N0} messages, {report.Events:N0} events in {wall.TotalSeconds:0.0} s, {ProcessorTime().TotalSeconds:0.0} s of processors, at most {PeakMegabytes()} MB"));
        Console.Out.WriteLine($"trace {report.TraceDigest}");
    }

    private static void PrintJson(WorldReport report, TimeSpan wall)
    {
        foreach (WorldRow row in report.Rows)
        {
            var line = new JsonObject { ["event"] = "row", ["situation"] = row.Name };
            foreach ((string column, double value, _) in row.Cells)
                line[column] = double.IsFinite(value) ? value : 0;
            Console.Out.WriteLine(line.ToJsonString());
        }
        foreach (CaseReport one in report.Cases)
        {
            Console.Out.WriteLine(new JsonObject
            {
                ["event"] = "case", ["name"] = one.Name, ["datagrams"] = one.Trace.Deliveries, ["virtualSeconds"] = one.Elapsed.TotalSeconds, ["seconds"] = one.Wall.TotalSeconds,
            }.ToJsonString());
        }
        Console.Out.WriteLine(new JsonObject
        {
            ["event"] = "complete", ["world"] = report.World, ["seed"] = report.Options.Seed.Value, ["nodes"] = report.Options.Nodes,
            ["datagrams"] = report.Deliveries, ["events"] = report.Events, ["seconds"] = wall.TotalSeconds, ["processorSeconds"] = ProcessorTime().TotalSeconds, ["peakMegabytes"] = PeakMegabytes(),
            ["trace"] = report.TraceDigest,
        }.ToJsonString());
    }

    /// <summary>Of all threads: what the run costs, whatever else the machine does meanwhile.</summary>
    private static TimeSpan ProcessorTime()
    {
        using Process self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    private static long PeakMegabytes()
    {
        using Process self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64 / 1_000_000;
    }

    private static Seed ParseSeed(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (!Seed.TryParse(text, out Seed seed))
            argument.AddError($"'{text}' is not a seed: a whole number from 0 to {ulong.MaxValue}.");
        return seed;
    }

    private static int? ParseNodes(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int nodes) && nodes is >= MinNodes and <= MaxNodes)
            return nodes;
        argument.AddError($"'{text}' is not a number of nodes from {MinNodes} to {MaxNodes}.");
        return null;
    }
}
