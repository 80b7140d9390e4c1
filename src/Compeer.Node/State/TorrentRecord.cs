using System.Collections.Immutable;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Node.State;

/// <summary>What the node remembers of a torrent; its description and which pieces are here lie in the torrent's own folder.</summary>
public sealed record TorrentRecord
{
    private readonly InfoHashes _hashes;
    private readonly string? _noHash;

    /// <summary>The v1 info-hash in hex, or null.</summary>
    public string? V1
    {
        get => _hashes.V1?.ToString();
        init
        {
            if (value is not null && Sha1Hash.TryParseHex(value, out Sha1Hash hash))
                _hashes = _hashes with { V1 = hash };
            else
                _noHash = value ?? _noHash;
        }
    }

    /// <summary>The v2 info-hash in hex, or null.</summary>
    public string? V2
    {
        get => _hashes.V2?.ToString();
        init
        {
            if (value is not null && Sha256Hash.TryParseHex(value, out Sha256Hash hash))
                _hashes = _hashes with { V2 = hash };
            else
                _noHash = value ?? _noHash;
        }
    }

    /// <summary>Name for people, as far as it is known.</summary>
    public string? Name { get; init; }

    /// <summary>Bytes of all files; 0 until it is known.</summary>
    public long Size { get; init; }

    /// <summary>Number of files; 0 until it is known.</summary>
    public int Files { get; init; }

    /// <summary>Folder of the files.</summary>
    public required string Directory { get; init; }

    /// <summary>Where they are being moved; null when they are not.</summary>
    public string? MovingTo { get; init; }

    /// <summary>Why the last move was refused, where nobody waited for the answer; until the next move, or until it is resumed.</summary>
    public string? MoveProblem { get; init; }

    /// <summary>Trackers of the link.</summary>
    public ImmutableArray<string> Trackers { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Web seeds of the link.</summary>
    public ImmutableArray<string> WebSeeds { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Peers of the link, as IP:PORT.</summary>
    public ImmutableArray<string> LinkPeers { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>When it was added.</summary>
    public DateTimeOffset AddedAt { get; init; }

    /// <summary>When it was complete first.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Words of the user.</summary>
    public ImmutableArray<string> Labels { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>It rests until it is resumed.</summary>
    public bool Paused { get; init; }

    /// <summary>Only its description is fetched, until somebody decides.</summary>
    public bool Preview { get; init; }

    /// <summary>Pieces in order.</summary>
    public bool Sequential { get; init; }

    /// <summary>Bytes per second; 0 none.</summary>
    public long UpLimit { get; init; }

    /// <summary>Bytes per second; 0 none.</summary>
    public long DownLimit { get; init; }

    /// <summary>One letter a file: s(kip), l(ow), n(ormal), h(igh); null means all normal.</summary>
    public string? Priorities { get; init; }

    /// <summary>Payload received in all runs.</summary>
    public long Downloaded { get; init; }

    /// <summary>Payload sent in all runs.</summary>
    public long Uploaded { get; init; }

    /// <summary>The ids.</summary>
    /// <exception cref="FormatException">They are no hashes.</exception>
    public InfoHashes ReadInfoHashes() =>
        _noHash is not null ? throw new FormatException($"'{_noHash}' is no info-hash.")
        : _hashes.V1 is null && _hashes.V2 is null ? throw new FormatException("There is no info-hash.")
        : _hashes;
}
