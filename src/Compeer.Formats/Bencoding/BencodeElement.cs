using System.Text;

namespace Compeer.Formats.Bencoding;

/// <summary>One value within a <see cref="BencodeDocument"/>. Questions that do not fit its kind answer false or empty, never throw.</summary>
public readonly struct BencodeElement
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly BencodeDocument? _document;
    private readonly int _index;

    internal BencodeElement(BencodeDocument document, int index)
    {
        _document = document;
        _index = index;
    }

    /// <summary>Its kind.</summary>
    public BencodeKind Kind => Token.Kind;

    /// <summary>Its whole encoding.</summary>
    public ReadOnlyMemory<byte> Raw => Document.Bytes(Token.Start, Token.End);

    /// <summary>A string's payload; empty for other kinds.</summary>
    public ReadOnlyMemory<byte> Bytes => Kind == BencodeKind.String ? Document.Bytes(Token.End - Token.Size, Token.End) : default;

    /// <summary>Values directly inside a list or dictionary; 0 for other kinds.</summary>
    public int Count => Kind >= BencodeKind.List ? Token.Size : 0;

    private BencodeDocument Document => _document ?? throw new InvalidOperationException("The element belongs to no document.");

    private ref readonly BencodeToken Token => ref Document.Token(_index);

    /// <summary>An integer's value.</summary>
    public bool TryGetInteger(out long value)
    {
        value = 0;
        return Kind == BencodeKind.Integer && BencodeNumber.TryParse(Document.Bytes(Token.Start + 1, Token.End - 1).Span, out value, out _);
    }

    /// <summary>A string's payload.</summary>
    public bool TryGetBytes(out ReadOnlyMemory<byte> bytes)
    {
        bytes = Bytes;
        return Kind == BencodeKind.String;
    }

    /// <summary>A string's payload as text; false when it is not UTF-8.</summary>
    public bool TryGetText(out string text)
    {
        text = "";
        if (Kind != BencodeKind.String)
            return false;
        try
        {
            text = StrictUtf8.GetString(Bytes.Span);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>A dictionary's value by key.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out BencodeElement value)
    {
        value = default;
        if (_document is null || Kind != BencodeKind.Dictionary)
            return false;
        int end = Token.Next;
        for (int at = _index + 1; at < end; at = Document.Token(at + 1).Next)
        {
            if (!new BencodeElement(Document, at).Bytes.Span.SequenceEqual(key))
                continue;
            value = new BencodeElement(Document, at + 1);
            return true;
        }
        return false;
    }

    /// <summary>A dictionary's integer by key.</summary>
    public bool TryGetInteger(ReadOnlySpan<byte> key, out long value)
    {
        value = 0;
        return TryGet(key, out BencodeElement element) && element.TryGetInteger(out value);
    }

    /// <summary>A dictionary's string by key.</summary>
    public bool TryGetBytes(ReadOnlySpan<byte> key, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        return TryGet(key, out BencodeElement element) && element.TryGetBytes(out bytes);
    }

    /// <summary>A dictionary's text by key; false when it is not UTF-8.</summary>
    public bool TryGetText(ReadOnlySpan<byte> key, out string text)
    {
        text = "";
        return TryGet(key, out BencodeElement element) && element.TryGetText(out text);
    }

    /// <summary>A list's values in order; nothing for other kinds.</summary>
    public IEnumerable<BencodeElement> EnumerateList()
    {
        if (Kind != BencodeKind.List)
            yield break;
        int end = Token.Next;
        for (int at = _index + 1; at < end; at = Document.Token(at).Next)
            yield return new BencodeElement(Document, at);
    }

    /// <summary>A dictionary's entries in the order of the bytes; nothing for other kinds.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Key, BencodeElement Value)> EnumerateDictionary()
    {
        if (Kind != BencodeKind.Dictionary)
            yield break;
        int end = Token.Next;
        for (int at = _index + 1; at < end; at = Document.Token(at + 1).Next)
            yield return (new BencodeElement(Document, at).Bytes, new BencodeElement(Document, at + 1));
    }
}
