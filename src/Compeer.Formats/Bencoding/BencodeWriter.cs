using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Compeer.Formats.Bencoding;

/// <summary>Writes canonical bencoding; keys out of order or containers left open are the caller's defect and throw.</summary>
public sealed class BencodeWriter(IBufferWriter<byte> output)
{
    private readonly Stack<byte[]?> _open = new();

    /// <summary>Writes an integer.</summary>
    public void Integer(long value)
    {
        Span<byte> target = output.GetSpan(24);
        target[0] = (byte)'i';
        Utf8Formatter.TryFormat(value, target[1..], out int digits);
        target[digits + 1] = (byte)'e';
        output.Advance(digits + 2);
    }

    /// <summary>Writes a byte string.</summary>
    public void String(ReadOnlySpan<byte> value)
    {
        Span<byte> target = output.GetSpan(16);
        Utf8Formatter.TryFormat(value.Length, target, out int digits);
        target[digits] = (byte)':';
        output.Advance(digits + 1);
        output.Write(value);
    }

    /// <summary>Writes text as UTF-8.</summary>
    public void Text(string value) => String(Encoding.UTF8.GetBytes(value));

    /// <summary>Writes a value that is already bencoded.</summary>
    public void Raw(ReadOnlySpan<byte> encoded) => output.Write(encoded);

    /// <summary>Begins a list.</summary>
    public void BeginList()
    {
        output.Write("l"u8);
        _open.Push(null);
    }

    /// <summary>Begins a dictionary.</summary>
    public void BeginDictionary()
    {
        output.Write("d"u8);
        _open.Push([]);
    }

    /// <summary>Writes a key; its value must follow.</summary>
    /// <exception cref="ArgumentException">It does not sort after the key before it.</exception>
    public void Key(ReadOnlySpan<byte> key)
    {
        if (_open.Count == 0 || _open.Pop() is not { } last)
            throw new InvalidOperationException("No dictionary is open.");
        if (last.AsSpan().SequenceCompareTo(key) >= 0 && last.Length > 0)
            throw new ArgumentException($"The key '{Encoding.UTF8.GetString(key)}' does not sort after '{Encoding.UTF8.GetString(last)}'.", nameof(key));
        _open.Push(key.ToArray());
        String(key);
    }

    /// <summary>Ends the innermost list or dictionary.</summary>
    public void End()
    {
        _open.Pop();
        output.Write("e"u8);
    }
}
