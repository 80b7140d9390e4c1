using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Dcutr;

/// <summary>What a message of DCUtR is for.</summary>
public enum DcutrMessageType
{
    /// <summary>Tells where its sender is seen.</summary>
    Connect = 100,

    /// <summary>Says: now.</summary>
    Sync = 300,
}

/// <summary>
/// A message by which two peers with a relayed connection agree to dial each other. <code>1 type | 2 observed address, repeated</code>
/// Spec: libp2p/specs relay/DCUtR.md, "RPC messages".
/// </summary>
/// <param name="Type">What it is for.</param>
/// <param name="Addresses">Where its sender may be dialled; at most <see cref="MaxAddresses"/> are read.</param>
public sealed record DcutrMessage(DcutrMessageType Type, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>The protocol.</summary>
    public const string Protocol = "/libp2p/dcutr";

    /// <summary>The longest message that is read.</summary>
    public const int MaxBytes = 4096;

    /// <summary>Most addresses that are read or written.</summary>
    public const int MaxAddresses = 16;

    /// <summary>The message as it passes.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, (ulong)Type);
        foreach (Multiaddr address in Addresses.Take(MaxAddresses))
            writer.WriteBytes(2, address.Bytes);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a message; addresses that cannot be read are left out. False where the message is malformed, too long, or of no type.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DcutrMessage? message)
    {
        message = null;
        ulong kind = 0;
        List<Multiaddr> addresses = [];
        var reader = new ProtobufReader(bytes.Length <= MaxBytes ? bytes : []);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead;
            if (field == 1 && type == WireType.Varint)
                isRead = reader.TryReadVarint(out kind);
            else if (field == 2 && type == WireType.Bytes)
            {
                isRead = reader.TryReadBytes(out ReadOnlySpan<byte> value);
                if (addresses.Count < MaxAddresses && Multiaddr.TryDecode(value, out Multiaddr? address))
                    addresses.Add(address);
            }
            else
                isRead = reader.TrySkip(type);
            if (!isRead)
                return false;
        }
        if (kind is not ((ulong)DcutrMessageType.Connect or (ulong)DcutrMessageType.Sync))
            return false;
        message = new DcutrMessage((DcutrMessageType)kind, addresses);
        return true;
    }
}
