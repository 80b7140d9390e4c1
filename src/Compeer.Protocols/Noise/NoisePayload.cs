using System.Buffers;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Noise;

/// <summary>What a libp2p peer says within the handshake: its key, its signature over the static key, and its muxers. Spec: libp2p/specs noise, "The libp2p Handshake Payload".</summary>
/// <param name="Key">The peer's identity.</param>
/// <param name="Signature">Over "noise-libp2p-static-key:" and the static public key.</param>
/// <param name="Muxers">The preferred first; empty where the peer says none.</param>
public sealed record NoisePayload(PublicKey Key, ReadOnlyMemory<byte> Signature, IReadOnlyList<string> Muxers)
{
    /// <summary>Most muxers that are read.</summary>
    public const int MaxMuxers = 32;

    /// <summary>Longest name of a muxer in bytes.</summary>
    public const int MaxMuxerBytes = 256;

    private const int KeyField = 1;
    private const int SignatureField = 2;
    private const int ExtensionsField = 4;
    private const int MuxersField = 2;

    /// <summary>What a signature covers.</summary>
    public static byte[] Signed(ReadOnlySpan<byte> staticKey) => [.. "noise-libp2p-static-key:"u8, .. staticKey];

    /// <summary>Reads a payload; null where it is malformed or lacks its key or signature. Unknown fields are passed over.</summary>
    public static NoisePayload? Decode(ReadOnlySpan<byte> message)
    {
        PublicKey? key = null;
        byte[]? signature = null;
        var muxers = new List<string>();
        var reader = new ProtobufReader(message);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return null;
            if (field is not (KeyField or SignatureField or ExtensionsField))
            {
                if (!reader.TrySkip(type))
                    return null;
                continue;
            }
            if (type != WireType.Bytes || !reader.TryReadBytes(out ReadOnlySpan<byte> value))
                return null;
            bool isRight = field switch
            {
                KeyField => PublicKey.TryDecode(value, out key),
                SignatureField => (signature = value.ToArray()).Length > 0,
                _ => TryReadExtensions(value, muxers),
            };
            if (!isRight)
                return null;
        }
        return key is null || signature is null ? null : new NoisePayload(key, signature, muxers);
    }

    /// <summary>The protobuf message.</summary>
    public byte[] ToBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteBytes(KeyField, Key.ToBytes());
        writer.WriteBytes(SignatureField, Signature.Span);
        if (Muxers.Count > 0)
        {
            writer.WriteMessage(ExtensionsField, Muxers, static (extensions, muxers) =>
            {
                foreach (string muxer in muxers)
                    extensions.WriteString(MuxersField, muxer);
            });
        }
        return output.WrittenSpan.ToArray();
    }

    private static bool TryReadExtensions(ReadOnlySpan<byte> message, List<string> muxers)
    {
        var reader = new ProtobufReader(message);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (field != MuxersField)
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (type != WireType.Bytes || !reader.TryReadBytes(out ReadOnlySpan<byte> name) || name.Length > MaxMuxerBytes || muxers.Count == MaxMuxers)
                return false;
            muxers.Add(Encoding.UTF8.GetString(name));
        }
        return true;
    }
}
