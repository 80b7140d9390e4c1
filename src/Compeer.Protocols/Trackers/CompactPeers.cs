using System.Buffers.Binary;
using System.Net;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// Peers as fixed-size records: an address of 4 or 16 bytes, then a big-endian port.
/// Spec: BEP 23 (compact), BEP 7 (peers6), BEP 15 (announce response).
/// </summary>
public static class CompactPeers
{
    /// <summary>Bytes of one IPv4 peer.</summary>
    public const int V4LengthBytes = 6;

    /// <summary>Bytes of one IPv6 peer.</summary>
    public const int V6LengthBytes = 18;

    /// <summary>Whether an address has 16 bytes; one of IPv4 has 4.</summary>
    public static bool IsV6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == bytes.Length;
    }

    /// <summary>Bytes of one peer.</summary>
    public static int LengthOf(bool isV6) => isV6 ? V6LengthBytes : V4LengthBytes;

    /// <summary>
    /// Appends the peers in <paramref name="records"/> to <paramref name="peers"/> up to <paramref name="maxPeers"/> in the list;
    /// leaves out those with port 0 or an impossible address. False when the length is not a whole number of records.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> records, bool isV6, int maxPeers, ICollection<IPEndPoint> peers)
    {
        int size = LengthOf(isV6);
        if (records.Length % size != 0)
            return false;
        for (; !records.IsEmpty && peers.Count < maxPeers; records = records[size..])
        {
            var address = new IPAddress(records[..(size - 2)]);
            if (address.IsIPv4MappedToIPv6)
                address = address.MapToIPv4();
            var peer = new IPEndPoint(address, BinaryPrimitives.ReadUInt16BigEndian(records[(size - 2)..]));
            if (AddressReaches.CanBePeer(peer))
                peers.Add(peer);
        }
        return true;
    }

    /// <summary>Writes one peer and returns its length.</summary>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public static int Write(Span<byte> destination, IPEndPoint peer)
    {
        if (!peer.Address.TryWriteBytes(destination, out int length) || destination.Length < length + 2)
            throw new ArgumentException("A compact peer has 6 or 18 bytes.", nameof(destination));
        BinaryPrimitives.WriteUInt16BigEndian(destination[length..], (ushort)peer.Port);
        return length + 2;
    }
}
