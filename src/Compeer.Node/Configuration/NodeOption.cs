namespace Compeer.Node.Configuration;

/// <summary>One option of the node, as the table of all of them describes it.</summary>
/// <param name="Key">Its name in the configuration file and the API; also the flag's, where there is one.</param>
/// <param name="Area">The heading that it stands under.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Default">The value when nobody sets one, as text.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Help">What it does, in a sentence.</param>
public sealed record NodeOption(string Key, string Area, OptionKind Kind, string Default, string Title, string Help)
{
    /// <summary>The words that a choice may be.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Smallest number.</summary>
    public long Min { get; init; }

    /// <summary>Largest number.</summary>
    public long Max { get; init; } = long.MaxValue / 4;

    /// <summary>A change counts at the next start only.</summary>
    public bool NeedsRestart { get; init; }

    /// <summary>The value may hold a password: it is not shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Says what is wrong with a value that is otherwise of its kind; null when nothing is.</summary>
    public Func<string, string?>? Check { get; init; }

    /// <summary>The unit that numbers are in; null where there is none.</summary>
    public string? Unit => Kind switch
    {
        OptionKind.Bytes => "bytes",
        OptionKind.Rate => "bytes/s",
        OptionKind.Duration => "seconds",
        _ => null,
    };

    /// <summary>The variable that sets it.</summary>
    public string EnvironmentVariable => "COMPEER_" + Key.Replace('-', '_').ToUpperInvariant();
}
