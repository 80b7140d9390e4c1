namespace Compeer.Formats.Multiformats;

/// <summary>A base of the multibase table: its prefix character and its digits. Spec: multiformats/multibase, multibase.csv.</summary>
public sealed class MultibaseEncoding
{
    private const string Lower = "abcdefghijklmnopqrstuvwxyz";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Digits = "0123456789";

    public static readonly MultibaseEncoding Base2 = new("base2", '0', "01");
    public static readonly MultibaseEncoding Base8 = new("base8", '7', "01234567");
    public static readonly MultibaseEncoding Base10 = new("base10", '9', Digits) { IsNumber = true };
    public static readonly MultibaseEncoding Base16 = new("base16", 'f', "0123456789abcdef") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base16Upper = new("base16upper", 'F', "0123456789ABCDEF") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base32 = new("base32", 'b', Lower + "234567") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base32Upper = new("base32upper", 'B', Upper + "234567") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base32Pad = new("base32pad", 'c', Lower + "234567") { IgnoresCase = true, IsPadded = true };
    public static readonly MultibaseEncoding Base32PadUpper = new("base32padupper", 'C', Upper + "234567") { IgnoresCase = true, IsPadded = true };
    public static readonly MultibaseEncoding Base32Hex = new("base32hex", 'v', "0123456789abcdefghijklmnopqrstuv") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base32HexUpper = new("base32hexupper", 'V', "0123456789ABCDEFGHIJKLMNOPQRSTUV") { IgnoresCase = true };
    public static readonly MultibaseEncoding Base32HexPad = new("base32hexpad", 't', "0123456789abcdefghijklmnopqrstuv") { IgnoresCase = true, IsPadded = true };
    public static readonly MultibaseEncoding Base32HexPadUpper = new("base32hexpadupper", 'T', "0123456789ABCDEFGHIJKLMNOPQRSTUV") { IgnoresCase = true, IsPadded = true };
    public static readonly MultibaseEncoding Base32Z = new("base32z", 'h', "ybndrfg8ejkmcpqxot1uwisza345h769");
    public static readonly MultibaseEncoding Base36 = new("base36", 'k', Digits + Lower) { IsNumber = true, IgnoresCase = true };
    public static readonly MultibaseEncoding Base36Upper = new("base36upper", 'K', Digits + Upper) { IsNumber = true, IgnoresCase = true };
    public static readonly MultibaseEncoding Base58Btc = new("base58btc", 'z', "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") { IsNumber = true };
    public static readonly MultibaseEncoding Base58Flickr = new("base58flickr", 'Z', "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ") { IsNumber = true };
    public static readonly MultibaseEncoding Base64 = new("base64", 'm', Upper + Lower + Digits + "+/");
    public static readonly MultibaseEncoding Base64Pad = new("base64pad", 'M', Upper + Lower + Digits + "+/") { IsPadded = true };
    public static readonly MultibaseEncoding Base64Url = new("base64url", 'u', Upper + Lower + Digits + "-_");
    public static readonly MultibaseEncoding Base64UrlPad = new("base64urlpad", 'U', Upper + Lower + Digits + "-_") { IsPadded = true };

    private readonly string _alphabet;

    private MultibaseEncoding(string name, char prefix, string alphabet)
    {
        Name = name;
        Prefix = prefix;
        _alphabet = alphabet;
    }

    /// <summary>All bases that are known here; of the table, base256emoji and proquint are not.</summary>
    public static IReadOnlyList<MultibaseEncoding> All { get; } =
    [
        Base2, Base8, Base10, Base16, Base16Upper, Base32, Base32Upper, Base32Pad, Base32PadUpper, Base32Hex, Base32HexUpper, Base32HexPad,
        Base32HexPadUpper, Base32Z, Base36, Base36Upper, Base58Btc, Base58Flickr, Base64, Base64Pad, Base64Url, Base64UrlPad,
    ];

    /// <summary>The name in the table.</summary>
    public string Name { get; }

    /// <summary>The character that precedes the digits.</summary>
    public char Prefix { get; }

    private bool IsNumber { get; init; }

    private bool IsPadded { get; init; }

    private bool IgnoresCase { get; init; }

    /// <summary>The digits of <paramref name="bytes"/>, without the prefix.</summary>
    public string Encode(ReadOnlySpan<byte> bytes) => IsNumber ? Radix.Encode(bytes, _alphabet) : BitDigits.Encode(bytes, _alphabet, IsPadded);

    /// <summary>Reads digits without a prefix. Bases that are no power of two take at most 2,048 digits.</summary>
    public bool TryDecode(ReadOnlySpan<char> digits, out byte[] bytes)
    {
        if (IgnoresCase)
        {
            var folded = new char[digits.Length];
            bool isUpper = _alphabet.Contains('A', StringComparison.Ordinal);
            _ = isUpper ? digits.ToUpperInvariant(folded) : digits.ToLowerInvariant(folded);
            digits = folded;
        }
        return IsNumber ? Radix.TryDecode(digits, _alphabet, out bytes) : BitDigits.TryDecode(digits, _alphabet, IsPadded, out bytes);
    }
}
