using Compeer.Simulator.Plotting;

namespace Compeer.Benchmarks.Plotting;

/// <summary>plot FILE.csv FILE.svg TITLE [log-x] [log-y]: draws what a script of lab/bench has measured.</summary>
internal static class PlotCommand
{
    public const string Usage = "plot FILE.csv FILE.svg TITLE [log-x] [log-y]";

    public static int Run(string source, string target, string title, ReadOnlySpan<string> options)
    {
        try
        {
            string svg = LinePlot.Draw(Measurements.Parse(File.ReadAllLines(source)), title, options.Contains("log-x"), options.Contains("log-y"));
            File.WriteAllText(target, svg);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            Console.Error.WriteLine($"plot: {source}: {e.Message}");
            return 3;
        }
    }
}
