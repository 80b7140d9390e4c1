using System.Diagnostics.CodeAnalysis;

namespace Compeer.Node;

/// <summary>Paths of this machine as people and programs give them.</summary>
internal static class PathText
{
    /// <summary>The path in its shortest form, without a separator at its end.</summary>
    /// <exception cref="NodeException">It is no full path.</exception>
    public static string Full(string? path) => IsFull(path)
        ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))
        : throw new NodeException(NodeFailure.BadInput, $"'{path}' must be a full path of this machine.");

    /// <summary>The same; null where none is given.</summary>
    /// <exception cref="NodeException">It is no full path.</exception>
    public static string? FullOrNone(string? path) => string.IsNullOrEmpty(path) ? null : Full(path);

    private static bool IsFull([NotNullWhen(true)] string? path) => path is not null && !path.Contains('\0', StringComparison.Ordinal) && Path.IsPathFullyQualified(path);
}
