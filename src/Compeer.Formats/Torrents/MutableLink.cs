using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Torrents;

/// <summary>A link to whatever torrent the owner of a key names now.</summary>
/// <param name="PublicKey">The Ed25519 public key, 32 bytes.</param>
/// <param name="Salt">Tells several torrents of one key apart; up to 64 bytes.</param>
/// <remarks>Spec: BEP 46, "magnet link".</remarks>
public sealed record MutableLink(ReadOnlyMemory<byte> PublicKey, ReadOnlyMemory<byte> Salt)
{
    private const int PublicKeyBytes = 32;
    private const int MaxSaltBytes = 64;
    private const string Topic = "urn:btpk:";

    /// <summary>Whether a text means to be such a link.</summary>
    public static bool IsMutable(string text) =>
        text.StartsWith("magnet:?", StringComparison.OrdinalIgnoreCase) && text.Contains("xs=" + Topic, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a link.</summary>
    /// <param name="text">The link.</param>
    /// <param name="link">What it says.</param>
    /// <param name="error">What is wrong, as a clause for people.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out MutableLink? link, out string error)
    {
        link = null;
        error = "";
        byte[]? key = null;
        byte[]? salt = [];
        text = text.Trim();
        foreach (string pair in IsMutable(text) && text.Length <= MagnetLink.MaxLength ? text["magnet:?".Length..].Split('&') : [])
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string value = Uri.UnescapeDataString(pair[(equals + 1)..]);
            if (pair.StartsWith("xs=", StringComparison.OrdinalIgnoreCase) && value.StartsWith(Topic, StringComparison.OrdinalIgnoreCase))
                key = Hex(value[Topic.Length..]);
            else if (pair.StartsWith("s=", StringComparison.OrdinalIgnoreCase))
                salt = Hex(value);
        }
        if (key is not { Length: PublicKeyBytes })
            error = "its 'xs=urn:btpk:' is not a public key of 64 hexadecimal digits";
        else if (salt is null or { Length: > MaxSaltBytes })
            error = "its salt 's=' is not hexadecimal, or longer than 64 bytes";
        else
            link = new MutableLink(key, salt);
        return link is not null;
    }

    /// <summary>The link as text.</summary>
    public override string ToString() =>
        $"magnet:?xs={Topic}{Convert.ToHexStringLower(PublicKey.Span)}" + (Salt.IsEmpty ? "" : $"&s={Convert.ToHexStringLower(Salt.Span)}");

    private static byte[]? Hex(string text)
    {
        byte[] bytes = new byte[text.Length / 2];
        return text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }
}
