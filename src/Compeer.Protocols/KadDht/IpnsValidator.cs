using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.KadDht;

/// <summary>The namespace "/ipns/": at "/ipns/" and the bytes of a peer id stands what that peer's name points to, signed by it. Spec: ipfs/specs ipns-record, "Record Verification".</summary>
public sealed class IpnsValidator(ISignatures signatures) : IRecordValidator
{
    /// <summary>What keys begin with.</summary>
    public static ReadOnlySpan<byte> Prefix => "/ipns/"u8;

    /// <summary>The key under which the record of a name is found.</summary>
    public static byte[] KeyOf(PeerId name) => [.. Prefix, .. name.Bytes];

    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) =>
        key.StartsWith(Prefix) && PeerId.TryDecode(key[Prefix.Length..], out PeerId name)
        && IpnsRecord.TryOpen(value, name, signatures, out IpnsRecord? record) && now < record.ValidUntil;

    /// <summary>The higher sequence number, then the later end, then the greater bytes win.</summary>
    public int Compare(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (!IpnsRecord.TryDecode(first, out IpnsRecord? a) || !IpnsRecord.TryDecode(second, out IpnsRecord? b))
            return 0;
        int order = a.Sequence.CompareTo(b.Sequence);
        order = order != 0 ? order : a.ValidUntil.CompareTo(b.ValidUntil);
        return order != 0 ? order : first.SequenceCompareTo(second);
    }

    public DateTimeOffset? EndOf(ReadOnlySpan<byte> value) => IpnsRecord.TryDecode(value, out IpnsRecord? record) ? record.ValidUntil : null;
}
