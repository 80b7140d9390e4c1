using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Compeer.Formats.Bencoding;

/// <summary>
/// Writes canonical bencoding; keys out of order, keys without a value and values without a key are the caller's defect
/// and throw. What is still open is known by <see cref="Depth"/>.
/// </summary>
/// <remarks>Spec: BEP 3, "bencoding".</remarks>
public sealed class BencodeWriter(IBufferWriter<byte> output)
{
    private readonly Stack<Container> _open = new();

    /// <summary>Lists and dictionaries that are open.</summary>
    public int Depth => _open.Count;

    /// <summary>Writes an integer.</summary>
    public void Integer(long value)
    {
        BeginValue();
        Span<byte> target = output.GetSpan(24);
        target[0] = (byte)'i';
        Utf8Formatter.TryFormat(value, target[1..], out int digits);
        target[digits + 1] = (byte)'e';
        output.Advance(digits + 2);
    }

    /// <summary>Writes a byte string.</summary>
    public void String(ReadOnlySpan<byte> value)
    {
        BeginValue();
        WriteString(value);
    }

    /// <summary>Writes text as UTF-8.</summary>
    public void Text(string value) => String(Encoding.UTF8.GetBytes(value));

    /// <summary>Writes one value that is already bencoded.</summary>
    public void Raw(ReadOnlySpan<byte> encoded)
    {
        BeginValue();
        output.Write(encoded);
    }

    /// <summary>Begins a list.</summary>
    public void BeginList()
    {
        BeginValue();
        output.Write("l"u8);
        _open.Push(new Container(IsDictionary: false, LastKey: null, HasKey: false));
    }

    /// <summary>Begins a dictionary.</summary>
    public void BeginDictionary()
    {
        BeginValue();
        output.Write("d"u8);
        _open.Push(new Container(IsDictionary: true, LastKey: null, HasKey: false));
    }

    /// <summary>Writes a key; its value must follow.</summary>
    /// <exception cref="ArgumentException">It does not sort after the key before it.</exception>
    /// <exception cref="InvalidOperationException">No dictionary is open, or the key before it has no value.</exception>
    public void Key(ReadOnlySpan<byte> key)
    {
        if (!_open.TryPeek(out Container container) || !container.IsDictionary || container.HasKey)
            throw new InvalidOperationException("A key belongs into a dictionary, after the value of the key before it.");
        if (container.LastKey is { } last && last.AsSpan().SequenceCompareTo(key) >= 0)
            throw new ArgumentException($"The key '{Encoding.UTF8.GetString(key)}' does not sort after '{Encoding.UTF8.GetString(last)}'.", nameof(key));
        _open.Pop();
        _open.Push(container with { LastKey = key.ToArray(), HasKey = true });
        WriteString(key);
    }

    /// <summary>Ends the innermost list or dictionary.</summary>
    /// <exception cref="InvalidOperationException">Nothing is open, or a key has no value.</exception>
    public void End()
    {
        if (!_open.TryPop(out Container container) || container.HasKey)
            throw new InvalidOperationException("Nothing is open, or the last key has no value.");
        output.Write("e"u8);
    }

    private void BeginValue()
    {
        if (!_open.TryPeek(out Container container) || !container.IsDictionary)
            return;
        if (!container.HasKey)
            throw new InvalidOperationException("A value in a dictionary needs a key before it.");
        _open.Pop();
        _open.Push(container with { HasKey = false });
    }

    private void WriteString(ReadOnlySpan<byte> value)
    {
        Span<byte> target = output.GetSpan(16);
        Utf8Formatter.TryFormat(value.Length, target, out int digits);
        target[digits] = (byte)':';
        output.Advance(digits + 1);
        output.Write(value);
    }

    private readonly record struct Container(bool IsDictionary, byte[]? LastKey, bool HasKey);
}
