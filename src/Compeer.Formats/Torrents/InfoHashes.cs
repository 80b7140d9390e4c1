using Compeer.Formats.Hashing;

namespace Compeer.Formats.Torrents;

/// <summary>The ids of a torrent: v1, v2, or both for a hybrid. At least one is present.</summary>
/// <remarks>Spec: BEP 3, BEP 52.</remarks>
/// <param name="V1">SHA-1 of the info dictionary.</param>
/// <param name="V2">SHA-256 of the info dictionary.</param>
public readonly record struct InfoHashes(Sha1Hash? V1, Sha256Hash? V2)
{
    /// <summary>Both are present.</summary>
    public bool IsHybrid => V1 is not null && V2 is not null;

    /// <summary>The 20 bytes by which the swarm is named in handshakes and to trackers: v1 when present, else the truncated v2.</summary>
    public Sha1Hash Truncated => V1 ?? TruncatedV2 ?? default;

    /// <summary>The first 20 bytes of the v2 hash.</summary>
    public Sha1Hash? TruncatedV2 => V2 is { } v2 ? new Sha1Hash(v2.AsSpan()[..Sha1Hash.LengthBytes]) : null;

    /// <summary>Every 20-byte name of the swarm: two for a hybrid.</summary>
    public IEnumerable<Sha1Hash> SwarmIds
    {
        get
        {
            if (V1 is { } v1)
                yield return v1;
            if (TruncatedV2 is { } v2)
                yield return v2;
        }
    }

    /// <summary>Whether a 20-byte name means this torrent.</summary>
    public bool Matches(Sha1Hash swarmId) => V1 == swarmId || TruncatedV2 == swarmId;

    public override string ToString() => (V1, V2) switch
    {
        ({ } v1, { } v2) => $"v1 {v1}, v2 {v2}",
        ({ } v1, null) => $"v1 {v1}",
        (null, { } v2) => $"v2 {v2}",
        _ => "none",
    };
}
