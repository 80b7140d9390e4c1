using System.Buffers;
using System.Text;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>One message of a reconciliation over a stream.</summary>
/// <param name="Set">Which set is meant; of the first message alone.</param>
/// <param name="Ranges">A message of <see cref="SetReconciler"/>; empty in an answer when there is no such set.</param>
public readonly record struct ReconciliationMessage(string Set, ReadOnlyMemory<byte> Ranges);

/// <summary>Messages of a reconciliation as protobuf.</summary>
/// <remarks>Spec: docs/overlay-messages.proto, ReconciliationMessage.</remarks>
public static class ReconciliationCodec
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/compeer/reconcile/1.0.0";

    /// <summary>Longest message that is read, in bytes.</summary>
    public const int MaxBytes = (1 << 20) + 512;

    /// <summary>Longest name of a set in bytes of UTF-8.</summary>
    public const int MaxNameBytes = 256;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Writes one message.</summary>
    public static byte[] Encode(in ReconciliationMessage message)
    {
        var output = new ArrayBufferWriter<byte>(message.Ranges.Length + 64);
        var writer = new ProtobufWriter(output);
        if (message.Set.Length > 0)
            writer.WriteString(1, message.Set);
        if (!message.Ranges.IsEmpty)
            writer.WriteBytes(2, message.Ranges.Span);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a whole message, which keeps nothing of <paramref name="source"/>; false where it is malformed or beyond a bound.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, out ReconciliationMessage message)
    {
        string set = "";
        ReadOnlySpan<byte> ranges = default;
        bool isSound = source.Length <= MaxBytes;
        var reader = new ProtobufReader(source);
        while (isSound && reader.TryReadTag(out int field, out WireType type))
        {
            isSound = (field, type) switch
            {
                (1, WireType.Bytes) => reader.TryReadBytes(out ReadOnlySpan<byte> name) && TryReadName(name, out set),
                (2, WireType.Bytes) => reader.TryReadBytes(out ranges),
                _ => reader.TrySkip(type),
            };
        }
        isSound &= reader.IsAtEnd;
        message = isSound ? new ReconciliationMessage(set, ranges.ToArray()) : new ReconciliationMessage("", default);
        return isSound;
    }

    private static bool TryReadName(ReadOnlySpan<byte> bytes, out string name)
    {
        name = "";
        try
        {
            if (bytes.Length <= MaxNameBytes)
                name = StrictUtf8.GetString(bytes);
            return bytes.Length <= MaxNameBytes;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
