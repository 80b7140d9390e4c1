using System.Collections.Immutable;
using Compeer.Protocols.Trackers;

namespace Compeer.Content.Torrents;

/// <summary>
/// The addresses of trackers, each once: torrents have the same few, and a parsed address takes half a kilobyte. Keeps at most
/// <see cref="Capacity"/> of them; further ones are given back as they came. Thread-safe.
/// </summary>
internal sealed class TrackerUrlTable
{
    /// <summary>So many are kept: 2 MB with addresses of a common length.</summary>
    public const int Capacity = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Text, Uri? Url)> _known = new(StringComparer.Ordinal);

    /// <summary>The address as <see cref="TrackerUrl.TryParse"/> reads it; null when it is none.</summary>
    public Uri? Parse(string text)
    {
        lock (_lock)
            return Find(text).Url;
    }

    /// <summary>The same tier with the texts that are kept.</summary>
    public ImmutableArray<string> Share(ImmutableArray<string> tier)
    {
        lock (_lock)
            return [.. tier.Select(text => Find(text).Text)];
    }

    private (string Text, Uri? Url) Find(string text)
    {
        if (_known.TryGetValue(text, out (string Text, Uri? Url) known))
            return known;
        known = (text, TrackerUrl.TryParse(text, out Uri? url, out _) ? url : null);
        if (_known.Count < Capacity)
            _known[text] = known;
        return known;
    }
}
