namespace Compeer.Simulator.Worlds;

/// <summary>What of a world's figures is drawn.</summary>
/// <param name="X">The column along the bottom; <see cref="Rows"/> for the rows in their order.</param>
/// <param name="Y">What the vertical axis is, with its unit.</param>
/// <param name="Lines">The columns that are lines; where a row lacks one, the line has no point.</param>
public sealed record WorldPlot(string X, string Y, params IReadOnlyList<string> Lines)
{
    /// <summary>In the place of a column: the number of the row, from 1.</summary>
    public const string Rows = "row";

    /// <summary>Whether each step to the right multiplies.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>Whether each step up multiplies.</summary>
    public bool LogarithmicY { get; init; }
}
