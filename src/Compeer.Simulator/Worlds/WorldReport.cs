using System.Globalization;
using Compeer.Simulator.Plotting;

namespace Compeer.Simulator.Worlds;

/// <summary>What a world gave. Equal for equal seed, nodes and program, whatever the machine.</summary>
/// <param name="World">The world's name.</param>
/// <param name="Options">How it was run.</param>
/// <param name="Cases">What each case gave, in the world's order.</param>
public sealed record WorldReport(string World, WorldOptions Options, IReadOnlyList<CaseReport> Cases)
{
    /// <summary>What is drawn of it.</summary>
    public required WorldPlot Plot { get; init; }

    /// <summary>All rows in order.</summary>
    public IEnumerable<WorldRow> Rows => Cases.SelectMany(c => c.Rows);

    /// <summary>Events handled in all cases.</summary>
    public long Events => Cases.Sum(c => c.Events);

    /// <summary>Datagrams delivered in all cases.</summary>
    public long Deliveries => Cases.Sum(c => c.Trace.Deliveries);

    /// <summary>One digest over the traces of all cases.</summary>
    public string TraceDigest
    {
        get
        {
            var all = new Trace();
            foreach (CaseReport one in Cases)
                all.Mark(one.Trace.Digest);
            return all.ToString();
        }
    }

    /// <summary>A row by its name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such row.</exception>
    public WorldRow Row(string name) =>
        Rows.FirstOrDefault(r => r.Name == name) ?? throw new KeyNotFoundException($"The world '{World}' has no row '{name}'.");

    /// <summary>The columns of all rows, in order of first use.</summary>
    public IReadOnlyList<string> Columns() => [.. Rows.SelectMany(r => r.Cells).Select(c => c.Column).Distinct()];

    /// <summary>The figures as comma-separated values with a heading, unrounded.</summary>
    public string ToCsv()
    {
        IReadOnlyList<string> columns = Columns();
        var lines = new List<string> { "world,seed,nodes,situation," + string.Join(',', columns.Select(c => c.Contains(',', StringComparison.Ordinal) ? Quoted(c) : c)) };
        foreach (WorldRow row in Rows)
        {
            IEnumerable<string> cells = columns.Select(column =>
                row.Cells.Where(c => c.Column == column).Select(c => c.Value.ToString("R", CultureInfo.InvariantCulture)).FirstOrDefault(""));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{World},{Options.Seed},{Options.Nodes},{Quoted(row.Name)},{string.Join(',', cells)}"));
        }
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>The figures as a drawing. What is 0 has no place on a logarithmic axis and is left out.</summary>
    /// <exception cref="FormatException">There is nothing to draw.</exception>
    public string ToSvg()
    {
        WorldRow[] rows = [.. Rows];
        double? X(int row) => Plot.X == WorldPlot.Rows ? row + 1 : rows[row].Has(Plot.X) ? rows[row][Plot.X] : null;
        var series = new List<(string Name, Measured[] Points)>();
        foreach (string line in Plot.Lines)
        {
            Measured[] points = [.. from row in Enumerable.Range(0, rows.Length)
                                    where X(row) is not null && rows[row].Has(line)
                                    where !(Plot.LogarithmicX && X(row) <= 0) && !(Plot.LogarithmicY && rows[row][line] <= 0)
                                    orderby X(row)
                                    select new Measured(X(row)!.Value, rows[row][line], rows[row][line], rows[row][line])];
            if (points.Length > 0)
                series.Add((line, points));
        }
        string title = string.Create(CultureInfo.InvariantCulture, $"{World}, seed {Options.Seed}, {Options.Nodes} nodes");
        return LinePlot.Draw(new Measurements(Plot.X, Plot.Y, series), title, Plot.LogarithmicX, Plot.LogarithmicY);
    }

    /// <summary>A name that may hold commas (RFC 4180).</summary>
    private static string Quoted(string cell) => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
