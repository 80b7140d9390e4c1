using System.Collections.Immutable;

namespace Compeer.Node.Intake;

/// <summary>A folder that is watched for torrent files and links, as it is remembered.</summary>
public sealed record WatchFolder
{
    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary>Where the torrents' files go; null takes the configured folder.</summary>
    public string? Directory { get; init; }

    /// <summary>What the torrents are labelled.</summary>
    public ImmutableArray<string> Labels { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>They rest until they are resumed.</summary>
    public bool Paused { get; init; }

    /// <summary>How many torrents it brought.</summary>
    public int Added { get; init; }

    /// <summary>Files that are done with, and could not be renamed: name, length and time.</summary>
    public ImmutableArray<string> Done { get; init => field = value.IsDefault ? [] : value; } = [];
}
