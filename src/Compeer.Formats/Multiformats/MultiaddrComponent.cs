namespace Compeer.Formats.Multiformats;

/// <summary>One part of a multiaddr: a protocol with its value. Immutable.</summary>
public readonly struct MultiaddrComponent
{
    private readonly ReadOnlyMemory<byte> _value;

    internal MultiaddrComponent(MultiaddrProtocol protocol, ReadOnlyMemory<byte> value, string text)
    {
        Protocol = protocol;
        _value = value;
        Text = text;
    }

    /// <summary>The protocol.</summary>
    public MultiaddrProtocol Protocol { get; }

    /// <summary>The value as text; empty for a protocol without one.</summary>
    public string Text { get; }

    /// <summary>The value's bytes, without their length.</summary>
    public ReadOnlySpan<byte> Value => _value.Span;

    public override string ToString() => Protocol.HasValue ? $"/{Protocol.Name}/{Text}" : "/" + Protocol.Name;
}
