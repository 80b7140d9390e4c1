namespace Compeer.Protocols.DomainNames;

/// <summary>What came of a question.</summary>
public enum TxtOutcome
{
    /// <summary>Nothing: the bytes are no answer to this question.</summary>
    NotOurs,

    /// <summary>The texts are all there are; none where the name has none or does not exist.</summary>
    Answered,

    /// <summary>The answer did not fit; it is to be asked over TCP.</summary>
    Truncated,

    /// <summary>The server cannot or will not say.</summary>
    Refused,
}

/// <summary>
/// One question for the texts of a name, and the test whether bytes answer it: they have to have its number and repeat it.
/// Of an answer that leads on by CNAME the end counts. Spec: RFC 1035, sections 3.3.14, 4 and 7.3.
/// </summary>
/// <param name="name">See <see cref="IsName"/>.</param>
/// <param name="id">Random.</param>
public sealed class TxtQuestion(string name, ushort id)
{
    private const int MaxNameLength = 253;
    private const int MaxLabelLength = 63;
    private const int MaxAliases = 8;
    private const int ResponseFlag = 0x80;
    private const int TruncatedFlag = 0x02;
    private const int NameDoesNotExist = 3;

    private readonly string _name = name.ToLowerInvariant();

    /// <summary>The datagram that asks.</summary>
    public byte[] Encode() => new DnsMessage(false, [new DnsQuestion(_name, DnsType.Txt)], []) { Id = id, WantsRecursion = true }.Encode();

    /// <summary>Whether a name can be asked for: labels of 1 to 63 printable ASCII characters, 253 in all.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(c => c is > ' ' and <= '~') && name.Split('.').All(l => l.Length is > 0 and <= MaxLabelLength);

    /// <summary>Reads what a server sent; <paramref name="texts"/> has one string a record.</summary>
    public TxtOutcome Read(ReadOnlySpan<byte> bytes, out IReadOnlyList<string> texts)
    {
        texts = [];
        if (bytes.Length < DnsMessage.HeaderBytes || (bytes[0] << 8 | bytes[1]) != id || (bytes[2] & ResponseFlag) == 0)
            return TxtOutcome.NotOurs;
        if ((bytes[2] & TruncatedFlag) != 0)
            return TxtOutcome.Truncated;
        if (!DnsMessage.TryDecode(bytes, out DnsMessage? message) || message.Questions is not [var asked] || asked.Name != _name || asked.Type != DnsType.Txt)
            return TxtOutcome.NotOurs;
        if (message.ResponseCode is not (0 or NameDoesNotExist))
            return TxtOutcome.Refused;
        string end = _name;
        for (int i = 0; i < MaxAliases && message.Records.FirstOrDefault(r => r.Type == DnsType.Cname && r.Name == end) is { } alias; i++)
            end = alias.Target;
        texts = [.. message.Records.Where(r => r.Type == DnsType.Txt && r.Name == end).Select(r => string.Concat(r.Strings))];
        return TxtOutcome.Answered;
    }
}
