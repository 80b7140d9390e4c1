using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>An announce as a tracker's tables take it.</summary>
/// <param name="InfoHash">The swarm.</param>
/// <param name="Address">Where the announce came from; what a client says about its address is never used (BEP 7).</param>
/// <param name="Port">The peer's TCP port; 0 asks for peers without joining.</param>
/// <param name="IsSeed">Nothing is left to download.</param>
/// <param name="Event">What made the client announce.</param>
/// <param name="NumWant">Peers wanted; negative for the tracker's default.</param>
public readonly record struct SwarmAnnounce(
    Sha1Hash InfoHash, IPAddress Address, int Port, bool IsSeed, AnnounceEvent Event, int NumWant);

/// <summary>What became of an announce.</summary>
public enum SwarmAnnounceStatus
{
    /// <summary>Taken; peers and counts are filled in.</summary>
    Accepted,

    /// <summary>The tracker does not serve this swarm.</summary>
    NotServed,

    /// <summary>A limit of the table is reached; the peer was not listed.</summary>
    Full,
}

/// <summary>A few peers of one swarm and address family in compact form; made once and filled again for every announce.</summary>
public sealed class PeerSample
{
    private readonly byte[] _bytes = new byte[200 * CompactPeers.V6LengthBytes];
    private int _length;

    /// <summary>Records of 18 bytes instead of 6.</summary>
    public bool IsV6 { get; private set; }

    /// <summary>How many peers.</summary>
    public int Count => _length / CompactPeers.LengthOf(IsV6);

    /// <summary>The records; valid until the next announce.</summary>
    public ReadOnlySpan<byte> Compact => _bytes.AsSpan(0, _length);

    internal void Clear(bool isV6)
    {
        IsV6 = isV6;
        _length = 0;
    }

    internal void Add(UInt128 address, ushort port)
    {
        Span<byte> full = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(full, address);
        Span<byte> record = _bytes.AsSpan(_length, CompactPeers.LengthOf(IsV6));
        full[(IsV6 ? 0 : 12)..].CopyTo(record);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(record[^2..], port);
        _length += record.Length;
    }
}
