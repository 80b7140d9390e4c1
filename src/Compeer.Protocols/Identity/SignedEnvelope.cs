using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Identity;

/// <summary>Some bytes that a peer signed for one purpose, with all that is needed to check it. Immutable.</summary>
/// <remarks>Spec: libp2p/specs RFC 0002. An envelope is only ever had from <see cref="Seal"/> or <see cref="TryOpen"/>, so its signature is right.</remarks>
public sealed class SignedEnvelope
{
    /// <summary>Longest envelope that is read.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int KeyField = 1;
    private const int PayloadTypeField = 2;
    private const int PayloadField = 3;
    private const int SignatureField = 5;

    private readonly byte[] _bytes;
    private readonly byte[] _payload;

    private SignedEnvelope(byte[] bytes, PublicKey key, byte[] payload)
    {
        _bytes = bytes;
        Key = key;
        _payload = payload;
    }

    /// <summary>Who signed.</summary>
    public PublicKey Key { get; }

    /// <summary>What was signed.</summary>
    public ReadOnlySpan<byte> Payload => _payload;

    /// <summary>The envelope as it passes between peers.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Signs a payload.</summary>
    /// <param name="signer">Whose key signs.</param>
    /// <param name="domain">The purpose: a signature for one is none for another.</param>
    /// <param name="payloadType">What the payload is.</param>
    /// <param name="payload">The content.</param>
    public static SignedEnvelope Seal(ISigner signer, string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteBytes(KeyField, signer.PublicKey.ToBytes());
        writer.WriteBytes(PayloadTypeField, payloadType);
        writer.WriteBytes(PayloadField, payload);
        writer.WriteBytes(SignatureField, signer.Sign(Signed(domain, payloadType, payload)));
        return new SignedEnvelope(output.WrittenSpan.ToArray(), signer.PublicKey, payload.ToArray());
    }

    /// <summary>Reads an envelope for a purpose; false where it is malformed, too long, of another type or purpose, or its signature is wrong.</summary>
    public static bool TryOpen(
        ReadOnlySpan<byte> bytes, string domain, ReadOnlySpan<byte> payloadType, ISignatures signatures, [NotNullWhen(true)] out SignedEnvelope? envelope)
    {
        envelope = null;
        PublicKey? key = null;
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> payload = default;
        ReadOnlySpan<byte> signature = default;
        var reader = new ProtobufReader(bytes.Length <= MaxBytes ? bytes : []);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire))
                return false;
            if (wire != WireType.Bytes || field is not (KeyField or PayloadTypeField or PayloadField or SignatureField))
            {
                if (!reader.TrySkip(wire))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value) || field == KeyField && !PublicKey.TryDecode(value, out key))
                return false;
            switch (field)
            {
                case PayloadTypeField:
                    type = value;
                    break;
                case PayloadField:
                    payload = value;
                    break;
                case SignatureField:
                    signature = value;
                    break;
            }
        }
        if (key is null || !type.SequenceEqual(payloadType) || !signatures.Verify(key, Signed(domain, type, payload), signature))
            return false;
        envelope = new SignedEnvelope(bytes.ToArray(), key, payload.ToArray());
        return true;
    }

    /// <summary>What a signature covers: purpose, type and payload, each after its length.</summary>
    private static ReadOnlySpan<byte> Signed(string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
    {
        var output = new ArrayBufferWriter<byte>();
        WritePart(output, Encoding.UTF8.GetBytes(domain));
        WritePart(output, payloadType);
        WritePart(output, payload);
        return output.WrittenSpan;
    }

    private static void WritePart(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> part)
    {
        UnsignedVarint.Write(output, (ulong)part.Length);
        output.Write(part);
    }
}
