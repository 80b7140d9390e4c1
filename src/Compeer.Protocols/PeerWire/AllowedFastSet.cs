using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.PeerWire;

/// <summary>The pieces that a peer at an address may fetch while choked. Spec: BEP 6, "allowed fast set generation".</summary>
public static class AllowedFastSet
{
    /// <summary>Up to <paramref name="count"/> pieces, in the order of the specification; none for IPv6, which it does not define.</summary>
    public static List<int> Generate(IPAddress peer, Sha1Hash infoHash, int pieceCount, int count)
    {
        byte[] address = (peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer).GetAddressBytes();
        var pieces = new List<int>(count);
        if (address.Length != 4)
            return pieces;
        address[3] = 0;
        byte[] hash = [.. address, .. infoHash.AsSpan()];
        while (pieces.Count < Math.Min(count, pieceCount))
        {
            hash = SHA1.HashData(hash);
            for (int i = 0; i < 5 && pieces.Count < count; i++)
            {
                int piece = (int)(BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(i * 4)) % (uint)pieceCount);
                if (!pieces.Contains(piece))
                    pieces.Add(piece);
            }
        }
        return pieces;
    }
}
