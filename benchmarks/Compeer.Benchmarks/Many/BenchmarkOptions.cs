using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Compeer.Benchmarks.Many;

/// <summary>What the verbs about many torrents and connections are told.</summary>
internal sealed record BenchmarkOptions
{
    public const string Usage = "(many | connections) [--folder DIR] [--torrents N] [--large N] [--count N] [--seconds N] [--rounds N] [--tracker]";

    /// <summary>Where torrents are made and kept for the next run.</summary>
    public string Folder { get; private init; } = "/dev/shm/compeer-many";

    /// <summary>Torrents in all.</summary>
    public int Torrents { get; private init; } = 10_000;

    /// <summary>Of those, how many have 100 files instead of one.</summary>
    public int Large { get; private init; } = 500;

    /// <summary>Connections to make.</summary>
    public int Count { get; private init; } = 10_000;

    /// <summary>How long the idle node is watched.</summary>
    public TimeSpan Idle { get; private init; } = TimeSpan.FromSeconds(20);

    /// <summary>Fresh processes measured.</summary>
    public int Rounds { get; private init; } = 3;

    /// <summary>The torrents name a tracker, which counts its announces by the second.</summary>
    public bool Tracker { get; private init; }

    public static bool TryParse(string[] args, [NotNullWhen(true)] out BenchmarkOptions? options)
    {
        options = new BenchmarkOptions();
        for (int i = 0; i < args.Length && options is not null; i++)
        {
            string name = args[i], value = name == "--tracker" ? "" : ++i < args.Length ? args[i] : "";
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            options = name switch
            {
                "--folder" when value.Length > 0 => options with { Folder = value },
                "--torrents" when isNumber && number > 0 => options with { Torrents = number },
                "--large" when isNumber => options with { Large = number },
                "--count" when isNumber && number > 0 => options with { Count = number },
                "--seconds" when isNumber => options with { Idle = TimeSpan.FromSeconds(number) },
                "--rounds" when isNumber && number > 0 => options with { Rounds = number },
                "--tracker" => options with { Tracker = true },
                _ => null,
            };
        }
        return options is not null;
    }
}
