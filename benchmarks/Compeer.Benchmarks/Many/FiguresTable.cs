namespace Compeer.Benchmarks.Many;

/// <summary>Figures of several rounds, printed as a Markdown row of medians with their ranges.</summary>
internal sealed class FiguresTable(params string[] columns)
{
    private readonly List<double[]> _rounds = [];

    public void Add(params double[] figures)
    {
        _rounds.Add(figures);
        Console.WriteLine($"round {_rounds.Count}: {string.Join(", ", columns.Zip(figures, (name, value) => $"{name} {value:f2}"))}");
    }

    public void Print()
    {
        Console.WriteLine($"| {string.Join(" | ", columns)} |");
        Console.WriteLine($"|{string.Concat(columns.Select(_ => "---|"))}");
        Console.WriteLine($"| {string.Join(" | ", columns.Select((_, i) => Describe([.. _rounds.Select(r => r[i]).Order()])))} |");
    }

    private static string Describe(double[] sorted) => $"{sorted[sorted.Length / 2]:f2} ({sorted[0]:f2}-{sorted[^1]:f2})";
}
