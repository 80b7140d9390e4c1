namespace Compeer.Formats.Bencoding;

/// <summary>Why bytes are not bencoding that we accept.</summary>
public enum BencodeErrorCode
{
    /// <summary>No error.</summary>
    None,

    /// <summary>The data ends within a value.</summary>
    Truncated,

    /// <summary>A byte that cannot begin a value.</summary>
    UnexpectedByte,

    /// <summary>An integer is empty, malformed or does not fit 64 bits.</summary>
    BadInteger,

    /// <summary>A string length is malformed, or longer than what is left.</summary>
    BadLength,

    /// <summary>A dictionary key is not a string.</summary>
    KeyNotString,

    /// <summary>A dictionary holds a key twice.</summary>
    DuplicateKey,

    /// <summary>A dictionary ends after a key without a value.</summary>
    MissingValue,

    /// <summary>Nested too deeply.</summary>
    TooDeep,

    /// <summary>Too many values.</summary>
    TooManyTokens,

    /// <summary>Too many bytes.</summary>
    TooLarge,

    /// <summary>Bytes follow the value.</summary>
    TrailingData,
}

/// <summary>Where and why decoding stopped.</summary>
/// <param name="Code">Why.</param>
/// <param name="Offset">The byte at which it was noticed.</param>
public readonly record struct BencodeError(BencodeErrorCode Code, int Offset)
{
    /// <summary>A clause for people.</summary>
    public override string ToString() => Code switch
    {
        BencodeErrorCode.None => "no error",
        BencodeErrorCode.Truncated => $"the data ends within a value (at byte {Offset})",
        BencodeErrorCode.UnexpectedByte => $"byte {Offset} cannot begin a bencoded value",
        BencodeErrorCode.BadInteger => $"the integer at byte {Offset} is malformed or too large",
        BencodeErrorCode.BadLength => $"the string length at byte {Offset} is malformed or goes beyond the data",
        BencodeErrorCode.KeyNotString => $"the dictionary key at byte {Offset} is not a string",
        BencodeErrorCode.DuplicateKey => $"the dictionary key at byte {Offset} occurs twice",
        BencodeErrorCode.MissingValue => $"the dictionary ends at byte {Offset} after a key without a value",
        BencodeErrorCode.TooDeep => $"values are nested too deeply (at byte {Offset})",
        BencodeErrorCode.TooManyTokens => $"there are too many values (at byte {Offset})",
        BencodeErrorCode.TooLarge => "the data is larger than allowed",
        _ => $"unexpected bytes follow the value (at byte {Offset})",
    };
}
