namespace Compeer.Formats.Torrents;

/// <summary>Which generations of clients can read a torrent.</summary>
public enum TorrentFormat
{
    /// <summary>SHA-1 of pieces. Spec: BEP 3.</summary>
    V1,

    /// <summary>Merkle trees of SHA-256. Spec: BEP 52.</summary>
    V2,

    /// <summary>Both over the same bytes. Spec: BEP 52, "upgrade path".</summary>
    Hybrid,
}
