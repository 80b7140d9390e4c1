using System.Globalization;
using System.Security;
using System.Text;

namespace Compeer.Simulator.Plotting;

/// <summary>
/// Draws measurements as a small SVG: a line a series through the medians, a bar from the least to the most at each point,
/// names at the lines' ends. It follows the reader's dark or light colours and needs no font, script or file beside it.
/// </summary>
public static class LinePlot
{
    private const int Width = 640, Height = 360;
    private const int Left = 64, Right = 500, Top = 44, Bottom = 312;
    private const double LabelHeight = 15;

    /// <summary>Told apart by people who do not see all colours too (Okabe and Ito), and readable on white and black.</summary>
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a67c00", "#56b4e9"];

    /// <exception cref="FormatException">The measurements cannot be shown so.</exception>
    public static string Draw(Measurements measurements, string title, bool logarithmicX, bool logarithmicY)
    {
        Measured[] all = [.. measurements.Series.SelectMany(s => s.Points)];
        var x = new PlotAxis([.. all.Select(p => p.X)], logarithmicX, Left, Right);
        var y = new PlotAxis([.. all.Select(p => p.Least), .. all.Select(p => p.Most)], logarithmicY, Bottom, Top);
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{Text(title)}\">");
        Line(svg, $"<style>.ink{{fill:#222}}.paper{{fill:#fff}}.rule{{stroke:#ccc}}@media(prefers-color-scheme:dark){{.ink{{fill:#ddd}}.paper{{fill:#0d1117}}.rule{{stroke:#444}}}}</style>");
        Line(svg, $"<rect class=\"paper\" width=\"{Width}\" height=\"{Height}\"/>");
        Line(svg, $"<text class=\"ink\" x=\"{Left}\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{Text(title)}</text>");
        Axes(svg, measurements, x, y);
        double[] labels = Apart([.. measurements.Series.Select(s => y.Place(s.Points[^1].Median))]);
        for (int i = 0; i < measurements.Series.Count; i++)
            Series(svg, measurements.Series[i], Colours[i % Colours.Length], x, y, labels[i]);
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void Axes(StringBuilder svg, Measurements measurements, PlotAxis x, PlotAxis y)
    {
        foreach (double tick in y.Ticks)
        {
            Line(svg, $"<line class=\"rule\" x1=\"{Left}\" x2=\"{Right}\" y1=\"{y.Place(tick):0.#}\" y2=\"{y.Place(tick):0.#}\"/>");
            Line(svg, $"<text class=\"ink\" x=\"{Left - 6}\" y=\"{y.Place(tick) + 4:0.#}\" text-anchor=\"end\">{PlotAxis.Label(tick)}</text>");
        }
        foreach (double tick in x.Ticks)
            Line(svg, $"<text class=\"ink\" x=\"{x.Place(tick):0.#}\" y=\"{Bottom + 18}\" text-anchor=\"middle\">{PlotAxis.Label(tick)}</text>");
        Line(svg, $"<text class=\"ink\" x=\"{(Left + Right) / 2}\" y=\"{Bottom + 38}\" text-anchor=\"middle\">{Text(measurements.XLabel)}</text>");
        Line(svg, $"<text class=\"ink\" transform=\"translate(16 {(Top + Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Text(measurements.YLabel)}</text>");
    }

    private static void Series(StringBuilder svg, (string Name, Measured[] Points) series, string colour, PlotAxis x, PlotAxis y, double labelAt)
    {
        string points = string.Join(' ', series.Points.Select(p => Invariant($"{x.Place(p.X):0.#},{y.Place(p.Median):0.#}")));
        Line(svg, $"<g stroke=\"{colour}\" fill=\"none\" stroke-width=\"2\"><polyline points=\"{points}\"/>");
        foreach (Measured p in series.Points)
        {
            if (p.Most > p.Least)
                Line(svg, $"<line x1=\"{x.Place(p.X):0.#}\" x2=\"{x.Place(p.X):0.#}\" y1=\"{y.Place(p.Least):0.#}\" y2=\"{y.Place(p.Most):0.#}\" stroke-width=\"1\"/>");
            Line(svg, $"<circle cx=\"{x.Place(p.X):0.#}\" cy=\"{y.Place(p.Median):0.#}\" r=\"3\" fill=\"{colour}\" stroke=\"none\"><title>{Text(series.Name)}: {p.Median:0.###} ({p.Least:0.###} to {p.Most:0.###}) at {p.X:0.###}</title></circle>");
        }
        Line(svg, $"</g><text x=\"{Right + 10}\" y=\"{labelAt + 4:0.#}\" fill=\"{colour}\">{Text(series.Name)}</text>");
    }

    /// <summary>The places of labels, moved so far that none covers another; in the order given.</summary>
    private static double[] Apart(double[] places)
    {
        double[] moved = [.. places];
        int[] order = [.. Enumerable.Range(0, places.Length).OrderBy(i => places[i])];
        for (int i = 1; i < order.Length; i++)
            moved[order[i]] = Math.Max(moved[order[i]], moved[order[i - 1]] + LabelHeight);
        for (int i = order.Length - 1; i >= 0; i--)
            moved[order[i]] = Math.Min(moved[order[i]], i == order.Length - 1 ? Bottom : moved[order[i + 1]] - LabelHeight);
        return moved;
    }

    private static string Text(string value) => SecurityElement.Escape(value);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(Invariant(text)).Append('\n');
}
