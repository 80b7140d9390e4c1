using Compeer.Formats.Hashing;

namespace Compeer.Node.State;

/// <summary>A key of the state as it is held in memory: of the thousands that end in an info-hash, the hash as bytes.</summary>
internal readonly record struct StateKey
{
    private const int HexDigits = 2 * Sha1Hash.LengthBytes;

    private readonly string _text;
    private readonly Sha1Hash? _hash;

    public StateKey(string key)
    {
        // Only what comes back as it was: digits of the other case are another key.
        if (key.Length > HexDigits && Sha1Hash.TryParseHex(key.AsSpan(key.Length - HexDigits), out Sha1Hash hash) && key.EndsWith(hash.ToString(), StringComparison.Ordinal))
            (_text, _hash) = (string.Intern(key[..^HexDigits]), hash);
        else
            _text = key;
    }

    public override string ToString() => _text + _hash;
}
