using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Bencoding;

/// <summary>
/// A parsed bencoded value: the bytes and where each value in them lies. Duplicate keys are refused; unsorted keys and
/// padded integers are read but reported by <see cref="IsCanonical"/>. Immutable; keeps the bytes alive, uncopied.
/// </summary>
/// <remarks>Spec: BEP 3, "bencoding"; BEP 52 for canonical form.</remarks>
public sealed class BencodeDocument
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly BencodeToken[] _tokens;

    private BencodeDocument(ReadOnlyMemory<byte> data, BencodeToken[] tokens, bool isCanonical)
    {
        _data = data;
        _tokens = tokens;
        IsCanonical = isCanonical;
    }

    /// <summary>The whole value.</summary>
    public BencodeElement Root => new(this, 0);

    /// <summary>Whether these bytes are the one encoding of the value: sorted keys, shortest integers and lengths.</summary>
    public bool IsCanonical { get; }

    /// <summary>Parses bytes that hold exactly one value.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> data, BencodeLimits limits, [NotNullWhen(true)] out BencodeDocument? document, out BencodeError error)
    {
        if (!TryParsePrefix(data, limits, out document, out int consumed, out error))
            return false;
        if (consumed == data.Length)
            return true;
        document = null;
        error = new BencodeError(BencodeErrorCode.TrailingData, consumed);
        return false;
    }

    /// <summary>Parses one value from the start of the bytes and says where it ends.</summary>
    public static bool TryParsePrefix(
        ReadOnlyMemory<byte> data, BencodeLimits limits, [NotNullWhen(true)] out BencodeDocument? document, out int consumedBytes, out BencodeError error)
    {
        var parser = new BencodeParser(data, limits);
        error = parser.Parse();
        consumedBytes = parser.Consumed;
        document = error.Code == BencodeErrorCode.None
            ? new BencodeDocument(data[..consumedBytes], parser.Tokens, parser.IsCanonical)
            : null;
        return document is not null;
    }

    internal ref readonly BencodeToken Token(int index) => ref _tokens[index];

    internal ReadOnlyMemory<byte> Bytes(int start, int end) => _data[start..end];
}
