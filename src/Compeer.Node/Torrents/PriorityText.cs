using Compeer.Content.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>Priorities of files as one letter each.</summary>
internal static class PriorityText
{
    private const string Letters = "slnh";

    public static IReadOnlyList<FilePriority> Read(string letters) =>
        [.. letters.Select(l => Letters.IndexOf(l, StringComparison.Ordinal) is >= 0 and int index ? (FilePriority)index : FilePriority.Normal)];

    public static string Write(IEnumerable<FilePriority> priorities) => string.Concat(priorities.Select(p => Letters[(int)p]));
}
