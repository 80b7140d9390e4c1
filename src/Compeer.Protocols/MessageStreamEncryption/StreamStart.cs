using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>How an incoming stream begins.</summary>
public enum StreamStart
{
    /// <summary>More bytes are needed.</summary>
    Undecided,

    /// <summary>With the plain handshake of the peer wire.</summary>
    Plain,

    /// <summary>With something else: a key of an encrypted handshake, or another protocol.</summary>
    Other,
}

/// <summary>Tells a plain start from an encrypted one by its first bytes.</summary>
/// <remarks>Spec: BEP 3, "peer protocol"; Message Stream Encryption, "Ya". A key begins like the plain handshake once in 2^160 times.</remarks>
public static class StreamStarts
{
    /// <summary>Bytes after which the answer is certain.</summary>
    public static int DecidedAfterBytes => Handshake.Header.Length;

    /// <summary>What <paramref name="first"/>, from the first byte on, shows.</summary>
    public static StreamStart Of(ReadOnlySpan<byte> first)
    {
        ReadOnlySpan<byte> header = Handshake.Header;
        if (first.Length >= header.Length)
            return first.StartsWith(header) ? StreamStart.Plain : StreamStart.Other;
        return header.StartsWith(first) ? StreamStart.Undecided : StreamStart.Other;
    }
}
