using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Compeer.Formats.Protobuf;

/// <summary>Writes the fields of one protobuf message in the order of the calls; whether a default value is left out is the caller's choice.</summary>
/// <remarks>Spec: protobuf encoding. Field numbers are from 1 to 536,870,911.</remarks>
public readonly ref struct ProtobufWriter(IBufferWriter<byte> output)
{
    private const int MaxVarintBytes = 10;

    private readonly IBufferWriter<byte> _output = output;

    /// <summary>Writes the content of a nested message.</summary>
    public delegate void Content<TState>(ProtobufWriter message, TState state);

    /// <summary>Writes an integer, an enumeration's number, or a bool as 0 or 1.</summary>
    public void WriteVarint(int field, ulong value)
    {
        WriteTag(field, WireType.Varint);
        WriteVarint(value);
    }

    /// <summary>Writes bytes, or a nested message that is encoded already.</summary>
    public void WriteBytes(int field, ReadOnlySpan<byte> value)
    {
        WriteTag(field, WireType.Bytes);
        WriteVarint((ulong)value.Length);
        _output.Write(value);
    }

    /// <summary>Writes text as UTF-8.</summary>
    public void WriteString(int field, string value)
    {
        WriteTag(field, WireType.Bytes);
        WriteVarint((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _output);
    }

    /// <summary>Writes eight bytes, little-endian.</summary>
    public void WriteFixed64(int field, ulong value)
    {
        WriteTag(field, WireType.Fixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(_output.GetSpan(sizeof(ulong)), value);
        _output.Advance(sizeof(ulong));
    }

    /// <summary>Writes a nested message.</summary>
    public void WriteMessage<TState>(int field, TState state, Content<TState> content)
    {
        var nested = new ArrayBufferWriter<byte>();
        content(new ProtobufWriter(nested), state);
        WriteBytes(field, nested.WrittenSpan);
    }

    private void WriteTag(int field, WireType type) => WriteVarint((ulong)(uint)field << 3 | (uint)type);

    private void WriteVarint(ulong value)
    {
        Span<byte> target = _output.GetSpan(MaxVarintBytes);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            target[length++] = (byte)(value | 0x80);
        target[length++] = (byte)value;
        _output.Advance(length);
    }
}
