using System.Buffers.Binary;

namespace Compeer.Protocols.Stun;

/// <summary>One attribute, a view of its message.</summary>
public readonly ref struct StunAttributeView(StunAttributeType type, ReadOnlySpan<byte> value)
{
    public StunAttributeType Type { get; } = type;

    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>Walks over the attributes of a message that was found well-formed.</summary>
public ref struct StunAttributes
{
    private ReadOnlySpan<byte> _rest;

    internal StunAttributes(ReadOnlySpan<byte> bytes) => _rest = bytes;

    public StunAttributeView Current { get; private set; }

    public readonly StunAttributes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        Current = new StunAttributeView((StunAttributeType)BinaryPrimitives.ReadUInt16BigEndian(_rest), _rest.Slice(4, length));
        _rest = _rest[(4 + ((length + 3) & ~3))..];
        return true;
    }
}
