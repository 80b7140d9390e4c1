using System.Buffers.Text;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>Writes one KRPC message into a buffer of the caller. Keys are written in the order of the calls, which is to be sorted order.</summary>
/// <remarks>Spec: BEP 5. What does not fit is the caller's defect: datagrams here have known, small sizes.</remarks>
internal ref struct KrpcWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; a view of the buffer.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    public void BeginDictionary() => Put((byte)'d');

    public void BeginList() => Put((byte)'l');

    public void End() => Put((byte)'e');

    public void Key(scoped ReadOnlySpan<byte> key) => String(key);

    public void String(scoped ReadOnlySpan<byte> value)
    {
        Utf8Formatter.TryFormat(value.Length, _buffer[Length..], out int digits);
        Length += digits;
        Put((byte)':');
        value.CopyTo(_buffer[Length..]);
        Length += value.Length;
    }

    public void Integer(long value)
    {
        Put((byte)'i');
        Utf8Formatter.TryFormat(value, _buffer[Length..], out int digits);
        Length += digits;
        Put((byte)'e');
    }

    public void Raw(scoped ReadOnlySpan<byte> encoded)
    {
        encoded.CopyTo(_buffer[Length..]);
        Length += encoded.Length;
    }

    public void String(scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> value)
    {
        String(key);
        String(value);
    }

    public void Integer(scoped ReadOnlySpan<byte> key, long value)
    {
        String(key);
        Integer(value);
    }

    public void Identity(scoped ReadOnlySpan<byte> key, Key160 value)
    {
        Span<byte> bytes = stackalloc byte[Key160.LengthBytes];
        value.Write(bytes);
        String(key, bytes);
    }

    private void Put(byte value) => _buffer[Length++] = value;
}
