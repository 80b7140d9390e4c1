namespace Compeer.Content.Torrents;

/// <summary>Something that a torrent's owner wants of it. The loop carries intents out in the order in which they were given.</summary>
/// <param name="Carry">Called on the loop; may throw a <see cref="Storage.StorageException"/>, with which the torrent fails.</param>
/// <param name="Refuse">Called instead when the torrent has ended; null when nobody waits for an answer.</param>
internal sealed record TorrentIntent(Action<TorrentSession> Carry, Action? Refuse = null) : TorrentInput;
