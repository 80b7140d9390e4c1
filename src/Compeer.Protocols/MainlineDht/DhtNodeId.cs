using System.Numerics;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>Node ids that follow from the address, so that nobody can choose where in the key space to be.</summary>
/// <remarks>Spec: BEP 42.</remarks>
public static class DhtNodeId
{
    private static ReadOnlySpan<byte> V4Mask => [0x03, 0x0f, 0x3f, 0xff];

    private static ReadOnlySpan<byte> V6Mask => [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];

    /// <summary>A random id that is valid for an address.</summary>
    public static Key160 Create(NodeEndPoint external, Random random)
    {
        Span<byte> id = stackalloc byte[Key160.LengthBytes];
        random.NextBytes(id);
        uint prefix = Prefix(external, id[19]);
        id[0] = (byte)(prefix >> 24);
        id[1] = (byte)(prefix >> 16);
        id[2] = (byte)((prefix >> 8) & 0xf8 | id[2] & 0x07u);
        return Key160.Read(id);
    }

    /// <summary>Whether an id may be used at an address; local addresses may use any.</summary>
    public static bool IsValidFor(Key160 id, NodeEndPoint contact) =>
        contact.IsLocal || ((uint)(id.High >> 32) & 0xfffff800) == (Prefix(contact, (byte)id.Low) & 0xfffff800);

    /// <summary>The hash whose first 21 bits an id must start with.</summary>
    public static uint Prefix(NodeEndPoint contact, byte random)
    {
        Span<byte> address = stackalloc byte[16];
        contact.WriteAddress(address);
        ReadOnlySpan<byte> mask = contact.IsV6 ? V6Mask : V4Mask;
        uint crc = uint.MaxValue;
        for (int i = 0; i < mask.Length; i++)
            crc = BitOperations.Crc32C(crc, (byte)(address[i] & mask[i] | (i == 0 ? (random & 7) << 5 : 0)));
        return ~crc;
    }
}
