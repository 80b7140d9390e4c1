using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// What a peer's name points to, until when:
/// <code>1 value  2 signatureV1  3 validityType  4 validity  5 sequence  6 ttl  7 pubKey  8 signatureV2  9 data (DAG-CBOR of 1, 3-6)</code>
/// Only what the second signature covers, <c>data</c>, counts; the older fields must say the same where they are there.
/// </summary>
/// <remarks>Spec: ipfs/specs ipns-record.</remarks>
/// <param name="Value">Where the name points to, like "/ipfs/bafy...".</param>
/// <param name="Sequence">Rises with each change.</param>
/// <param name="ValidUntil">When it ends.</param>
/// <param name="TimeToLive">How long it may be kept without asking again.</param>
public sealed record IpnsRecord(string Value, ulong Sequence, DateTimeOffset ValidUntil, TimeSpan TimeToLive)
{
    /// <summary>The longest record.</summary>
    public const int MaxBytes = RecordRules.MaxValueBytes;

    private const int EndOfLife = 0;
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'";

    private static ReadOnlySpan<byte> SignaturePrefix => "ipns-signature:"u8;

    private ReadOnlyMemory<byte> Data { get; init; }

    private ReadOnlyMemory<byte> Signature { get; init; }

    private PublicKey? Key { get; init; }

    /// <summary>The record, signed. Only the second signature is made: all readers since 2022 want it.</summary>
    public byte[] Seal(ISigner signer)
    {
        byte[] data = new IpnsData(Encoding.UTF8.GetBytes(Value), Encoding.UTF8.GetBytes(TimeText(ValidUntil)), EndOfLife, Sequence, Nanoseconds(TimeToLive)).Encode();
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        if (!PeerId.FromPublicKey(signer.PublicKey).TryGetPublicKey(out _))
            writer.WriteBytes(7, signer.PublicKey.ToBytes());
        writer.WriteBytes(8, signer.Sign([.. SignaturePrefix, .. data]));
        writer.WriteBytes(9, data);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a record of a name; false when it is malformed, longer than <see cref="MaxBytes"/>, or not signed by the name's key. Whether it has ended is not asked.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> bytes, PeerId name, ISignatures signatures, [NotNullWhen(true)] out IpnsRecord? record) =>
        TryDecode(bytes, out record)
        && (name.TryGetPublicKey(out PublicKey? key) || (record.Key is { } told && PeerId.FromPublicKey(key = told) == name))
        && signatures.Verify(key!, [.. SignaturePrefix, .. record.Data.Span], record.Signature.Span);

    /// <summary>Reads a record without asking who signed it.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out IpnsRecord? record)
    {
        record = null;
        if (bytes.Length > MaxBytes)
            return false;
        byte[]? value = null, validity = null, signature = null, data = null;
        ulong? type = null, sequence = null, ttl = null;
        PublicKey? key = null;
        bool hasFirstSignature = false;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire))
                return false;
            if (wire == WireType.Varint && field is 3 or 5 or 6)
            {
                if (!reader.TryReadVarint(out ulong number))
                    return false;
                if (field == 3)
                    type = number;
                else if (field == 5)
                    sequence = number;
                else
                    ttl = number;
                continue;
            }
            if (wire != WireType.Bytes)
            {
                if (!reader.TrySkip(wire))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> content))
                return false;
            switch (field)
            {
                case 1:
                    value = content.ToArray();
                    break;
                case 2:
                    hasFirstSignature = !content.IsEmpty;
                    break;
                case 4:
                    validity = content.ToArray();
                    break;
                case 7 when !PublicKey.TryDecode(content, out key):
                    return false;
                case 8:
                    signature = content.ToArray();
                    break;
                case 9:
                    data = content.ToArray();
                    break;
            }
        }
        if (signature is null || data is null || !IpnsData.TryDecode(data, out IpnsData signed) || signed.ValidityType != EndOfLife)
            return false;
        bool says = hasFirstSignature || value is { Length: > 0 };
        if (says && !(signed.Value.AsSpan().SequenceEqual(value) && signed.Validity.AsSpan().SequenceEqual(validity)
            && (type ?? 0) == signed.ValidityType && (sequence ?? 0) == signed.Sequence && (ttl ?? 0) == signed.TimeToLive))
            return false;
        if (!TryReadTime(Encoding.UTF8.GetString(signed.Validity), out DateTimeOffset until))
            return false;
        record = new IpnsRecord(Encoding.UTF8.GetString(signed.Value), signed.Sequence, until, TimeSpan.FromTicks((long)Math.Min(signed.TimeToLive / 100, long.MaxValue)))
        {
            Data = data, Signature = signature, Key = key,
        };
        return true;
    }

    private static string TimeText(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static ulong Nanoseconds(TimeSpan span) => (ulong)Math.Max(0, span.Ticks) * 100;

    /// <summary>RFC 3339 with up to nine digits of a second, of which we keep seven.</summary>
    private static bool TryReadTime(string text, out DateTimeOffset time)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot > 0)
        {
            int end = dot + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
                end++;
            text = string.Concat(text.AsSpan(0, Math.Min(end, dot + 8)), text.AsSpan(end));
        }
        string[] formats = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK"];
        return DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }
}
