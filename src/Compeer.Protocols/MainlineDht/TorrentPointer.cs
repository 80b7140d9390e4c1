using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MainlineDht;

/// <summary>The value of a mutable item that names a torrent: <c>{"ih": info-hash}</c>. Spec: BEP 46.</summary>
public static class TorrentPointer
{
    /// <summary>The value for an info-hash.</summary>
    public static byte[] Encode(Sha1Hash infoHash) => [.. "d2:ih20:"u8, .. infoHash.AsSpan(), (byte)'e'];

    /// <summary>The info-hash that a value names.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> value, out Sha1Hash infoHash)
    {
        infoHash = default;
        if (!BencodeDocument.TryParse(value, BencodeLimits.Peer, out BencodeDocument? document, out _)
            || !document.Root.TryGetBytes("ih"u8, out ReadOnlyMemory<byte> hash) || hash.Length != Sha1Hash.LengthBytes)
            return false;
        infoHash = new Sha1Hash(hash.Span);
        return true;
    }
}
