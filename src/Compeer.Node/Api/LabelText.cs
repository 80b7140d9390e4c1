using System.Collections.Immutable;

namespace Compeer.Node.Api;

/// <summary>Labels as people give them.</summary>
internal static class LabelText
{
    private const int MaxLabels = 20;
    private const int MaxLength = 64;

    /// <summary>Trimmed, each once.</summary>
    /// <exception cref="NodeException">There are too many, or one is too long.</exception>
    public static ImmutableArray<string> Read(IEnumerable<string?> labels)
    {
        ImmutableArray<string> read = [.. labels.Select(l => l?.Trim() ?? "").Where(l => l.Length > 0).Distinct()];
        return read.Length <= MaxLabels && read.All(l => l.Length <= MaxLength && !l.Any(char.IsControl))
            ? read
            : throw new NodeException(NodeFailure.BadInput, $"A torrent has at most {MaxLabels} labels, each of at most {MaxLength} printable characters.");
    }
}
