using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Protobuf;

namespace Compeer.Formats.Multiformats;

/// <summary>
/// The public key of a peer as peers send it: Ed25519 as 32 bytes, secp256k1 as a compressed point of 33, RSA and ECDSA as DER
/// SubjectPublicKeyInfo. Immutable. Whether the key is one at all is told by whoever verifies with it.
/// </summary>
/// <remarks>Spec: libp2p/specs peer-ids, "Keys". The encoding is deterministic, and any other is refused, so one key has one peer id.</remarks>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>Longest key: RSA of 8,192 bits takes some 1,060 bytes.</summary>
    public const int MaxDataBytes = 2048;

    private readonly byte[] _data;

    /// <summary>Copies a key.</summary>
    /// <exception cref="ArgumentException">The data is too long, or not as long as keys of that type are.</exception>
    public PublicKey(KeyType type, ReadOnlySpan<byte> data)
    {
        if (!HasLength(type, data.Length))
            throw new ArgumentException($"{data.Length} bytes are no key of type {type}.", nameof(data));
        Type = type;
        _data = data.ToArray();
    }

    /// <summary>The kind of key.</summary>
    public KeyType Type { get; }

    /// <summary>The key, encoded as its type has it.</summary>
    public ReadOnlySpan<byte> Data => _data;

    /// <summary>Reads the protobuf message; false unless it is exactly what <see cref="ToBytes"/> writes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> message, [NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        var reader = new ProtobufReader(message);
        if (!reader.TryReadTag(out int field, out WireType wire) || field != 1 || wire != WireType.Varint || !reader.TryReadVarint(out ulong type)
            || !reader.TryReadTag(out field, out wire) || field != 2 || wire != WireType.Bytes || !reader.TryReadBytes(out ReadOnlySpan<byte> data)
            || !reader.IsAtEnd || type > (ulong)KeyType.Ecdsa || !HasLength((KeyType)type, data.Length))
            return false;
        var read = new PublicKey((KeyType)type, data);
        if (!read.ToBytes().AsSpan().SequenceEqual(message))
            return false;
        key = read;
        return true;
    }

    /// <summary>The protobuf message.</summary>
    public byte[] ToBytes()
    {
        var output = new ArrayBufferWriter<byte>(_data.Length + 8);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, (ulong)Type);
        writer.WriteBytes(2, _data);
        return output.WrittenSpan.ToArray();
    }

    public bool Equals(PublicKey? other) => other is not null && Type == other.Type && Data.SequenceEqual(other.Data);

    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    public override int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(_data);
        return code.ToHashCode();
    }

    /// <summary>The peer id of the key.</summary>
    public override string ToString() => PeerId.FromPublicKey(this).ToString();

    private static bool HasLength(KeyType type, int length) => type switch
    {
        KeyType.Ed25519 => length == 32,
        KeyType.Secp256k1 => length == 33,
        KeyType.Rsa or KeyType.Ecdsa => length is > 0 and <= MaxDataBytes,
        _ => false,
    };
}
