using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Multiformats;

/// <summary>Bytes as text whose first character names the base of the rest. Spec: multiformats/multibase.</summary>
public static class Multibase
{
    /// <summary>Writes bytes in a base, its prefix first.</summary>
    public static string Encode(MultibaseEncoding encoding, ReadOnlySpan<byte> bytes) => encoding.Prefix + encoding.Encode(bytes);

    /// <summary>Reads bytes in any base that is known here; false for an unknown prefix or a character that is no digit.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out MultibaseEncoding? encoding, out byte[] bytes)
    {
        encoding = null;
        bytes = [];
        if (text.IsEmpty)
            return false;
        foreach (MultibaseEncoding candidate in MultibaseEncoding.All)
        {
            if (candidate.Prefix == text[0])
                encoding = candidate;
        }
        return encoding is not null && encoding.TryDecode(text[1..], out bytes);
    }
}
