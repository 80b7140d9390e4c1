namespace Compeer.Content.Torrents;

/// <summary>How much a file of a torrent is wanted.</summary>
public enum FilePriority
{
    /// <summary>Not at all. Pieces that it shares with a wanted file are still fetched.</summary>
    Skip,

    /// <summary>After the others.</summary>
    Low,

    /// <summary>As usual.</summary>
    Normal,

    /// <summary>Before the others.</summary>
    High,
}
