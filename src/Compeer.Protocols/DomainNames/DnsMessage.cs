using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Compeer.Protocols.DomainNames;

/// <summary>Types of records that are read. Spec: RFC 1035, section 3.2.2; RFC 2782; RFC 3596.</summary>
public enum DnsType : ushort
{
    A = 1,
    Cname = 5,
    Ptr = 12,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Any = 255,
}

/// <summary>What is asked.</summary>
public readonly record struct DnsQuestion(string Name, DnsType Type);

/// <summary>What is answered; of types that are not read only name and type are kept.</summary>
/// <param name="Name">Labels with dots between them, in lower case.</param>
/// <param name="Type">The type.</param>
public sealed record DnsRecord(string Name, DnsType Type)
{
    /// <summary>The name that a CNAME, PTR or SRV points to.</summary>
    public string Target { get; init; } = "";

    /// <summary>The strings of a TXT; each at most 255 bytes.</summary>
    public IReadOnlyList<string> Strings { get; init; } = [];

    /// <summary>The address of an A or AAAA: 4 or 16 bytes.</summary>
    public ReadOnlyMemory<byte> Address { get; init; }

    /// <summary>The port of an SRV.</summary>
    public int Port { get; init; }
}

/// <summary>A message of DNS, multicast or not. Spec: RFC 1035, section 4; RFC 6762, section 18.</summary>
public sealed record DnsMessage(bool IsResponse, IReadOnlyList<DnsQuestion> Questions, IReadOnlyList<DnsRecord> Records)
{
    /// <summary>The longest message. Spec: RFC 6762, section 17.</summary>
    public const int MaxBytes = 9000;

    /// <summary>Questions and records that are read; a message with more is refused.</summary>
    public const int MaxItems = 256;

    /// <summary>What comes before the questions.</summary>
    public const int HeaderBytes = 12;

    private const int MaxNameBytes = 255;
    private const int MaxLabelBytes = 63;
    private const int ResponseFlags = 0x8400;
    private const int InternetClass = 1;
    private const int ClassMask = 0x7fff;

    private const int RecursionDesired = 0x0100;
    private const int CodeMask = 0xf;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    /// <summary>By which an answer is known from others; 0 in multicast.</summary>
    public ushort Id { get; init; }

    /// <summary>The server is asked to ask others.</summary>
    public bool WantsRecursion { get; init; }

    /// <summary>Why there is no answer; 0 where there is.</summary>
    public int ResponseCode { get; private init; }

    /// <summary>Reads a message; false where it is malformed, cut or has too many parts. Answers, authorities and additional records are one list.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        if (bytes.Length is < HeaderBytes or > MaxBytes)
            return false;
        int flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        int questionCount = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        int recordCount = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]) + BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);
        if (questionCount + recordCount > MaxItems)
            return false;
        var questions = new List<DnsQuestion>();
        var records = new List<DnsRecord>();
        int at = HeaderBytes;
        for (int i = 0; i < questionCount; i++)
        {
            if (!TryReadName(bytes, ref at, out string? name) || bytes.Length < at + 4)
                return false;
            questions.Add(new DnsQuestion(name, (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..])));
            at += 4;
        }
        for (int i = 0; i < recordCount; i++)
        {
            if (!TryReadRecord(bytes, ref at, out DnsRecord? record))
                return false;
            if (record.Name.Length > 0)
                records.Add(record);
        }
        message = new DnsMessage((flags & 0x8000) != 0, questions, records)
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(bytes),
            WantsRecursion = (flags & RecursionDesired) != 0,
            ResponseCode = flags & CodeMask,
        };
        return true;
    }

    /// <summary>The message; its first record is the answer, the others are additional.</summary>
    /// <exception cref="ArgumentException">A label is longer than 63 bytes, or a string than 255.</exception>
    public byte[] Encode()
    {
        var output = new List<byte>(512);
        WriteNumber(output, Id);
        WriteNumber(output, (IsResponse ? ResponseFlags : 0) | (WantsRecursion ? RecursionDesired : 0));
        WriteNumber(output, Questions.Count);
        WriteNumber(output, Math.Min(1, Records.Count));
        WriteNumber(output, 0);
        WriteNumber(output, Math.Max(0, Records.Count - 1));
        foreach (DnsQuestion question in Questions)
        {
            WriteName(output, question.Name);
            WriteNumber(output, (int)question.Type);
            WriteNumber(output, InternetClass);
        }
        foreach (DnsRecord record in Records)
        {
            WriteName(output, record.Name);
            WriteNumber(output, (int)record.Type);
            WriteNumber(output, InternetClass);
            WriteNumber(output, 0);
            WriteNumber(output, (int)Lifetime.TotalSeconds);
            int lengthAt = output.Count;
            WriteNumber(output, 0);
            WriteData(output, record);
            int length = output.Count - lengthAt - 2;
            (output[lengthAt], output[lengthAt + 1]) = ((byte)(length >> 8), (byte)length);
        }
        return [.. output];
    }

    private static void WriteData(List<byte> output, DnsRecord record)
    {
        switch (record.Type)
        {
            case DnsType.Ptr or DnsType.Cname:
                WriteName(output, record.Target);
                break;
            case DnsType.Srv:
                WriteNumber(output, 0);
                WriteNumber(output, 0);
                WriteNumber(output, record.Port);
                WriteName(output, record.Target);
                break;
            case DnsType.Txt:
                foreach (string text in record.Strings)
                    WriteCounted(output, text, byte.MaxValue);
                break;
            default:
                output.AddRange(record.Address.Span);
                break;
        }
    }

    private static void WriteName(List<byte> output, string name)
    {
        foreach (string label in name.Split('.'))
            WriteCounted(output, label, MaxLabelBytes);
        output.Add(0);
    }

    private static void WriteCounted(List<byte> output, string text, int max)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > max)
            throw new ArgumentException($"\"{text}\" is longer than {max} bytes.", nameof(text));
        output.Add((byte)bytes.Length);
        output.AddRange(bytes);
    }

    private static void WriteNumber(List<byte> output, int number)
    {
        output.Add((byte)(number >> 8));
        output.Add((byte)number);
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> bytes, ref int at, [NotNullWhen(true)] out DnsRecord? record)
    {
        record = null;
        if (!TryReadName(bytes, ref at, out string? name) || bytes.Length < at + 10)
            return false;
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        bool isInternet = (BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]) & ClassMask) == InternetClass;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 8)..]);
        int start = at += 10;
        if (bytes.Length < start + length)
            return false;
        at = start + length;
        // A pointer may lead to any earlier byte, but the data itself ends here.
        ReadOnlySpan<byte> whole = bytes[..at];
        record = new DnsRecord(isInternet ? name : "", type);
        switch (type)
        {
            case DnsType.Ptr or DnsType.Cname:
                if (!TryReadName(whole, ref start, out string? target))
                    return false;
                record = record with { Target = target };
                break;
            case DnsType.Srv when length > 6:
                int targetAt = start + 6;
                if (!TryReadName(whole, ref targetAt, out target))
                    return false;
                record = record with { Port = BinaryPrimitives.ReadUInt16BigEndian(whole[(start + 4)..]), Target = target };
                break;
            case DnsType.Txt:
                var strings = new List<string>();
                for (; start < at && strings.Count < MaxItems; start += 1 + bytes[start])
                {
                    if (start + 1 + bytes[start] > at)
                        return false;
                    strings.Add(Encoding.UTF8.GetString(bytes.Slice(start + 1, bytes[start])));
                }
                record = record with { Strings = strings };
                break;
            case DnsType.A or DnsType.Aaaa:
                record = record with { Address = bytes.Slice(start, length).ToArray() };
                break;
        }
        return true;
    }

    /// <summary>Each pointer must lead further back than the one before it, so they cannot go in a circle.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> bytes, ref int at, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var text = new StringBuilder();
        int position = at, limit = at, end = -1;
        while (position < bytes.Length)
        {
            int length = bytes[position];
            if (length == 0)
            {
                at = end < 0 ? position + 1 : end;
                name = text.ToString();
                return true;
            }
            if (length >= 0xc0)
            {
                if (position + 1 >= bytes.Length)
                    return false;
                int pointer = (length & 0x3f) << 8 | bytes[position + 1];
                if (end < 0)
                    end = position + 2;
                if (pointer >= limit)
                    return false;
                position = limit = pointer;
                continue;
            }
            if (length > MaxLabelBytes || position + 1 + length > bytes.Length || text.Length + 1 + length > MaxNameBytes)
                return false;
            if (text.Length > 0)
                text.Append('.');
            foreach (byte letter in bytes.Slice(position + 1, length))
                text.Append(char.ToLowerInvariant((char)letter));
            position += 1 + length;
        }
        return false;
    }
}
