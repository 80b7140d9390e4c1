using System.Buffers.Text;

namespace Compeer.Formats.Bencoding;

/// <summary>
/// Walks over bencoded bytes once, in order, without allocating: for small messages whose keys are known. Every method
/// answers false, and moves nothing, when what follows is not what is asked for.
/// </summary>
/// <remarks>Spec: BEP 3, "bencoding". Leading zeros and unsorted keys are let pass: <see cref="BencodeDocument"/> tells them.</remarks>
public ref struct BencodeReader(ReadOnlySpan<byte> data)
{
    /// <summary>Deepest nesting that <see cref="TrySkip"/> follows.</summary>
    public const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _at;

    /// <summary>Bytes consumed so far.</summary>
    public readonly int Position => _at;

    /// <summary>Whether everything was consumed.</summary>
    public readonly bool IsAtEnd => _at == _data.Length;

    /// <summary>Begins a dictionary; its keys and values follow until <see cref="TryEnd"/>.</summary>
    public bool TryBeginDictionary() => TryTake((byte)'d');

    /// <summary>Begins a list; its values follow until <see cref="TryEnd"/>.</summary>
    public bool TryBeginList() => TryTake((byte)'l');

    /// <summary>Ends the innermost dictionary or list.</summary>
    public bool TryEnd() => TryTake((byte)'e');

    /// <summary>Reads a string; the span is a view of the input.</summary>
    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        ReadOnlySpan<byte> rest = _data[_at..];
        if (rest.IsEmpty || rest[0] is < (byte)'0' or > (byte)'9'
            || !Utf8Parser.TryParse(rest, out int length, out int digits)
            || digits >= rest.Length || rest[digits] != (byte)':'
            || length > rest.Length - digits - 1)
            return false;
        value = rest.Slice(digits + 1, length);
        _at += digits + 1 + length;
        return true;
    }

    /// <summary>Reads an integer.</summary>
    public bool TryReadInteger(out long value)
    {
        value = 0;
        ReadOnlySpan<byte> rest = _data[_at..];
        if (rest.Length < 3 || rest[0] != (byte)'i' || rest[1] == (byte)'+'
            || !Utf8Parser.TryParse(rest[1..], out value, out int digits)
            || digits + 1 >= rest.Length || rest[digits + 1] != (byte)'e')
            return false;
        _at += digits + 2;
        return true;
    }

    /// <summary>Passes over one value of any kind and gives its encoding.</summary>
    public bool TrySkip(out ReadOnlySpan<byte> encoded)
    {
        int start = _at;
        encoded = default;
        int depth = 0;
        do
        {
            if (TryReadString(out _) || TryReadInteger(out _))
                continue;
            if (depth > 0 && TryEnd())
                depth--;
            else if (depth < MaxDepth && (TryBeginDictionary() || TryBeginList()))
                depth++;
            else
            {
                _at = start;
                return false;
            }
        }
        while (depth > 0);
        encoded = _data[start.._at];
        return true;
    }

    private bool TryTake(byte mark)
    {
        if (_at >= _data.Length || _data[_at] != mark)
            return false;
        _at++;
        return true;
    }
}
