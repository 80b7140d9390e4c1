using System.Collections.Immutable;

namespace Compeer.Node.Intake;

/// <summary>Which items of a feed are taken, and what becomes of them.</summary>
/// <param name="Match">What the title is; see <see cref="TitlePattern"/>. Empty is any.</param>
/// <param name="Exclude">What the title is not; null excludes nothing.</param>
/// <param name="Directory">Where the files go; null takes the configured folder.</param>
/// <param name="Labels">What the torrents are labelled.</param>
public sealed record FeedRule(string Match, string? Exclude, string? Directory, ImmutableArray<string> Labels);

/// <summary>A feed that is looked at again and again, as it is remembered.</summary>
public sealed record Feed
{
    /// <summary>Its address.</summary>
    public required string Url { get; init; }

    /// <summary>Minutes between looks.</summary>
    public int EveryMinutes { get; init; }

    /// <summary>The first that fits an item decides.</summary>
    public ImmutableArray<FeedRule> Rules { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>How often a person changed it.</summary>
    public int Changes { get; init; }

    /// <summary>Its own name.</summary>
    public string? Title { get; init; }

    /// <summary>The last look.</summary>
    public DateTimeOffset? LastChecked { get; init; }

    /// <summary>Why the last look found nothing.</summary>
    public string? Error { get; init; }

    /// <summary>How many torrents it brought.</summary>
    public int Added { get; init; }

    /// <summary>Digests of items that are done with, oldest first.</summary>
    public ImmutableArray<string> Done { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The version that was read to its end.</summary>
    public string? ETag { get; init; }

    /// <summary>The same.</summary>
    public string? LastModified { get; init; }
}

/// <summary>An item as it was at the last look.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Link">What it announces.</param>
/// <param name="Published">When, in the feed's words.</param>
/// <param name="Taken">It was added, now or earlier.</param>
/// <param name="Rule">The index of the rule that fits; null when none does.</param>
public sealed record FeedEntry(string Title, string Link, string? Published, bool Taken, int? Rule);
