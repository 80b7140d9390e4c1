using System.Globalization;

namespace Compeer.Simulator.Worlds;

/// <summary>One measured situation of a world.</summary>
/// <param name="Name">What was measured, such as "30 % dead".</param>
public sealed record WorldRow(string Name)
{
    private readonly List<(string Column, double Value, string Format)> _cells = [];

    /// <summary>The figures in order.</summary>
    public IReadOnlyList<(string Column, double Value, string Format)> Cells => _cells;

    /// <summary>A figure by its column.</summary>
    /// <exception cref="KeyNotFoundException">There is no such column.</exception>
    public double this[string column]
    {
        get
        {
            foreach ((string name, double value, _) in _cells)
            {
                if (name == column)
                    return value;
            }
            throw new KeyNotFoundException($"The row '{Name}' has no column '{column}'.");
        }
    }

    /// <summary>Whether it has a figure in this column.</summary>
    public bool Has(string column) => _cells.Exists(c => c.Column == column);

    /// <summary>Adds a figure.</summary>
    public WorldRow With(string column, double value, string format = "0")
    {
        _cells.Add((column, value, format));
        return this;
    }

    /// <summary>A cell as people read it.</summary>
    public string Text(int index) => _cells[index].Value.ToString(_cells[index].Format, CultureInfo.InvariantCulture);
}
