namespace Compeer.Formats.Feeds;

/// <summary>An entry of a feed, as far as it concerns us.</summary>
/// <param name="Key">What tells it from others for ever: its id, else its link, else its title.</param>
/// <param name="Title">For people; plain text, at most 500 characters.</param>
/// <param name="Link">Where what it announces is: a torrent file that is enclosed, else a magnet link, else another enclosure, else its link. Empty when it names none.</param>
/// <param name="Published">When, in the feed's own words; null when it does not say.</param>
public sealed record FeedItem(string Key, string Title, string Link, string? Published);
