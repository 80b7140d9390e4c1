using System.Net;

namespace Compeer.Content.Torrents;

/// <summary>A torrent in detail, at one moment: for a person who looks at it. What it costs grows with peers, files and pieces.</summary>
/// <param name="Peers">Who is connected, and the web seeds.</param>
/// <param name="Trackers">The ways to find peers: trackers, and the DHT, the local network and peer exchange as rows of their own.</param>
/// <param name="Files">The files without padding; empty until the info dictionary is known.</param>
/// <param name="Pieces">The pieces.</param>
public sealed record TorrentDetails(
    IReadOnlyList<PeerDetails> Peers, IReadOnlyList<TrackerDetails> Trackers, IReadOnlyList<FileDetails> Files, PieceMap Pieces);

/// <summary>Somebody who fetched from us; connections from one address with one program count as one.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Client">What it says that its program is; its own words.</param>
/// <param name="Bytes">Payload that we sent.</param>
/// <param name="SinceLeft">Since it went; null while it is connected.</param>
public sealed record TakerDetails(IPAddress Address, string Client, long Bytes, TimeSpan? SinceLeft);

/// <summary>A way to find peers.</summary>
/// <param name="Url">The tracker's address without secrets; "dht", "lan" or "pex".</param>
/// <param name="Tier">The tracker's tier from 0; -1 for what is no tracker.</param>
/// <param name="State">What it is doing, in words.</param>
/// <param name="Seeds">Peers that have everything, as the tracker said last.</param>
/// <param name="Leechers">Peers that fetch, as the tracker said last.</param>
/// <param name="NextAnnounce">Time until it is asked again; null when that is not known.</param>
/// <param name="LastError">The last failure or warning, in words.</param>
public sealed record TrackerDetails(string Url, int Tier, string State, int? Seeds, int? Leechers, TimeSpan? NextAnnounce, string? LastError);

/// <summary>A file of a torrent.</summary>
/// <param name="Index">Its index in the metainfo.</param>
/// <param name="Path">Where it lies below the torrent's directory, '/' separated.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="VerifiedBytes">Of these, how many are in verified pieces.</param>
/// <param name="Priority">How much it is wanted.</param>
public sealed record FileDetails(int Index, string Path, long LengthBytes, long VerifiedBytes, FilePriority Priority);

/// <summary>The pieces of a torrent.</summary>
/// <param name="Count">Their number; 0 until the info dictionary is known.</param>
/// <param name="LengthBytes">Bytes of each but the last.</param>
/// <param name="States">A <see cref="PieceState"/> for each.</param>
/// <param name="Availability">How many connected peers have each, we not counted.</param>
public sealed record PieceMap(int Count, int LengthBytes, byte[] States, ushort[] Availability)
{
    /// <summary>Of a torrent whose pieces are not known.</summary>
    public static PieceMap Unknown { get; } = new(0, 0, [], []);
}

/// <summary>How far a piece is; the numbers are part of the API.</summary>
public enum PieceState : byte
{
    /// <summary>Not here.</summary>
    Missing = 0,

    /// <summary>Asked for, and nothing of it is here.</summary>
    Requested = 1,

    /// <summary>Some of it is here.</summary>
    Partial = 2,

    /// <summary>Here, and being hashed.</summary>
    Verifying = 3,

    /// <summary>Verified and on the disk.</summary>
    Verified = 4,

    /// <summary>Not here, and not to be fetched.</summary>
    Unwanted = 5,
}
