using System.Buffers.Binary;

namespace Compeer.Formats.Protobuf;

/// <summary>
/// Walks over the fields of one protobuf message, once and in order, without allocating. Every method answers false, and moves
/// nothing, when what follows is cut or not what is asked for. Nested messages are read by a reader of their own over the bytes
/// of their field, so nothing here recurses.
/// </summary>
/// <remarks>Spec: protobuf encoding. Varints longer than needed are let pass, as the specification has it; ten bytes at most.</remarks>
public ref struct ProtobufReader(ReadOnlySpan<byte> data)
{
    private const int MaxVarintBytes = 10;
    private const ulong MaxTag = uint.MaxValue;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    /// <summary>Bytes consumed so far.</summary>
    public readonly int Position => _at;

    /// <summary>Whether everything was consumed; a message that ends elsewhere was cut or is malformed.</summary>
    public readonly bool IsAtEnd => _at == _data.Length;

    /// <summary>Reads the number and wire type of the next field; false at the end too.</summary>
    public bool TryReadTag(out int field, out WireType type)
    {
        int start = _at;
        bool read = TryReadVarint(out ulong tag);
        field = (int)(tag >> 3);
        type = (WireType)(tag & 7);
        if (read && tag <= MaxTag && field > 0 && type is WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32)
            return true;
        _at = start;
        return false;
    }

    /// <summary>Reads an unsigned integer of at most 64 bits.</summary>
    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        ReadOnlySpan<byte> rest = _data[_at..];
        for (int i = 0; i < rest.Length && i < MaxVarintBytes; i++)
        {
            ulong bits = rest[i] & 0x7FUL;
            if (i == MaxVarintBytes - 1 && bits > 1)
                break;
            value |= bits << (7 * i);
            if (rest[i] < 0x80)
            {
                _at += i + 1;
                return true;
            }
        }
        value = 0;
        return false;
    }

    /// <summary>Reads a string, bytes or nested message; the span is a view of the input.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> value)
    {
        int start = _at;
        value = default;
        if (TryReadVarint(out ulong length) && length <= (ulong)(_data.Length - _at))
        {
            value = _data.Slice(_at, (int)length);
            _at += (int)length;
            return true;
        }
        _at = start;
        return false;
    }

    /// <summary>Reads eight bytes, little-endian.</summary>
    public bool TryReadFixed64(out ulong value)
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(_data[_at..], out value))
            return false;
        _at += sizeof(ulong);
        return true;
    }

    /// <summary>Reads four bytes, little-endian.</summary>
    public bool TryReadFixed32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32LittleEndian(_data[_at..], out value))
            return false;
        _at += sizeof(uint);
        return true;
    }

    /// <summary>Passes over the value of a field that is not known or not wanted.</summary>
    public bool TrySkip(WireType type) => type switch
    {
        WireType.Varint => TryReadVarint(out _),
        WireType.Bytes => TryReadBytes(out _),
        WireType.Fixed64 => TryReadFixed64(out _),
        WireType.Fixed32 => TryReadFixed32(out _),
        _ => false,
    };
}
