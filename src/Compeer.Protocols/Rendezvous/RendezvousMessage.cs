using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Rendezvous;

/// <summary>What a message is. Spec: libp2p/specs rendezvous, "Protobuf".</summary>
public enum RendezvousType
{
    Register = 0,
    RegisterResponse = 1,
    Unregister = 2,
    Discover = 3,
    DiscoverResponse = 4,
}

/// <summary>How a request ended.</summary>
public enum RendezvousStatus
{
    Ok = 0,
    InvalidNamespace = 100,
    InvalidSignedPeerRecord = 101,
    InvalidTtl = 102,
    InvalidCookie = 103,
    NotAuthorized = 200,
    InternalError = 300,
    Unavailable = 400,
}

/// <summary>A peer in a namespace, as it signed it.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="SignedPeerRecord">A signed envelope with the peer's record, not checked here.</param>
/// <param name="Seconds">How long it lasts; 0 when that is not said.</param>
public sealed record RendezvousRegistration(string Namespace, ReadOnlyMemory<byte> SignedPeerRecord, ulong Seconds);

/// <summary>
/// A message between a peer and a rendezvous point, flat: of the nested message that belongs to <see cref="Type"/> the fields are here.
/// <code>Message { 1 type  2 register  3 registerResponse  4 unregister  5 discover  6 discoverResponse }</code>
/// Spec: libp2p/specs rendezvous, "Protobuf".
/// </summary>
public sealed record RendezvousMessage(RendezvousType Type)
{
    /// <summary>Registrations that are read of one answer; the rest is passed over.</summary>
    public const int MaxRegistrations = 1000;

    private const int TypeField = 1;

    /// <summary>Of Register, Unregister and Discover; null where a search asks for all.</summary>
    public string? Namespace { get; init; }

    /// <summary>Of Register.</summary>
    public ReadOnlyMemory<byte> SignedPeerRecord { get; init; }

    /// <summary>Of Register and its response; null when it is not said.</summary>
    public ulong? Seconds { get; init; }

    /// <summary>Of Discover: the most registrations; null for no bound.</summary>
    public ulong? Limit { get; init; }

    /// <summary>Of Discover and its response: where the last answer ended.</summary>
    public ReadOnlyMemory<byte> Cookie { get; init; }

    /// <summary>Of responses.</summary>
    public RendezvousStatus Status { get; init; }

    /// <summary>Of responses: why.</summary>
    public string StatusText { get; init; } = "";

    /// <summary>Of a response to Discover.</summary>
    public IReadOnlyList<RendezvousRegistration> Registrations { get; init; } = [];

    /// <summary>Reads a message; false when it is malformed, or has no content of its type.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out RendezvousMessage? message)
    {
        message = null;
        ulong type = 0;
        Span<Range> contents = stackalloc Range[7];
        contents.Fill(new Range(0, 0));
        int seen = 0;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire))
                return false;
            if (field == TypeField && wire == WireType.Varint)
            {
                if (!reader.TryReadVarint(out type))
                    return false;
            }
            else if (field is >= 2 and <= 6 && wire == WireType.Bytes)
            {
                if (!reader.TryReadBytes(out ReadOnlySpan<byte> content))
                    return false;
                contents[field] = new Range(reader.Position - content.Length, reader.Position);
                seen |= 1 << field;
            }
            else if (!reader.TrySkip(wire))
                return false;
        }
        int wanted = (int)Math.Min(type, 5) + 2;
        return type <= (ulong)RendezvousType.DiscoverResponse && (seen & 1 << wanted) != 0
            && TryReadContent(bytes[contents[wanted]], (RendezvousType)type, out message);
    }

    /// <summary>The message.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(256);
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(TypeField, (ulong)Type);
        writer.WriteMessage((int)Type + 2, this, WriteContent);
        return output.WrittenSpan.ToArray();
    }

    private static void WriteContent(ProtobufWriter writer, RendezvousMessage message)
    {
        switch (message.Type)
        {
            case RendezvousType.Register:
                WriteRegistration(writer, new RendezvousRegistration(message.Namespace ?? "", message.SignedPeerRecord, message.Seconds ?? 0));
                break;
            case RendezvousType.RegisterResponse:
                writer.WriteVarint(1, (ulong)message.Status);
                writer.WriteString(2, message.StatusText);
                writer.WriteVarint(3, message.Seconds ?? 0);
                break;
            case RendezvousType.Unregister:
                writer.WriteString(1, message.Namespace ?? "");
                break;
            case RendezvousType.Discover:
                if (message.Namespace is { } name)
                    writer.WriteString(1, name);
                if (message.Limit is { } limit)
                    writer.WriteVarint(2, limit);
                if (!message.Cookie.IsEmpty)
                    writer.WriteBytes(3, message.Cookie.Span);
                break;
            default:
                foreach (RendezvousRegistration registration in message.Registrations)
                    writer.WriteMessage(1, registration, WriteRegistration);
                writer.WriteBytes(2, message.Cookie.Span);
                writer.WriteVarint(3, (ulong)message.Status);
                writer.WriteString(4, message.StatusText);
                break;
        }
    }

    private static void WriteRegistration(ProtobufWriter writer, RendezvousRegistration registration)
    {
        writer.WriteString(1, registration.Namespace);
        writer.WriteBytes(2, registration.SignedPeerRecord.Span);
        if (registration.Seconds > 0)
            writer.WriteVarint(3, registration.Seconds);
    }

    private static bool TryReadContent(ReadOnlySpan<byte> bytes, RendezvousType type, out RendezvousMessage? message)
    {
        message = null;
        var read = new RendezvousMessage(type);
        var registrations = new List<RendezvousRegistration>();
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire))
                return false;
            if (wire == WireType.Varint)
            {
                if (!reader.TryReadVarint(out ulong number))
                    return false;
                read = (type, field) switch
                {
                    (RendezvousType.Register or RendezvousType.RegisterResponse, 3) => read with { Seconds = number },
                    (RendezvousType.Discover, 2) => read with { Limit = number },
                    (RendezvousType.RegisterResponse, 1) or (RendezvousType.DiscoverResponse, 3) => read with { Status = (RendezvousStatus)Math.Min(number, 999) },
                    _ => read,
                };
                continue;
            }
            if (wire != WireType.Bytes)
            {
                if (!reader.TrySkip(wire))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                return false;
            switch (type, field)
            {
                case (RendezvousType.Register or RendezvousType.Unregister or RendezvousType.Discover, 1):
                    read = read with { Namespace = Encoding.UTF8.GetString(value) };
                    break;
                case (RendezvousType.Register, 2):
                    read = read with { SignedPeerRecord = value.ToArray() };
                    break;
                case (RendezvousType.Discover, 3) or (RendezvousType.DiscoverResponse, 2):
                    read = read with { Cookie = value.ToArray() };
                    break;
                case (RendezvousType.RegisterResponse, 2) or (RendezvousType.DiscoverResponse, 4):
                    read = read with { StatusText = Encoding.UTF8.GetString(value[..Math.Min(value.Length, 1000)]) };
                    break;
                case (RendezvousType.DiscoverResponse, 1) when registrations.Count < MaxRegistrations:
                    if (!TryReadContent(value, RendezvousType.Register, out RendezvousMessage? registration))
                        return false;
                    registrations.Add(new RendezvousRegistration(registration!.Namespace ?? "", registration.SignedPeerRecord, registration.Seconds ?? 0));
                    break;
            }
        }
        message = read with { Registrations = registrations };
        return true;
    }
}
