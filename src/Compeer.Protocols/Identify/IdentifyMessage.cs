using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.Identify;

/// <summary>
/// What a peer tells about itself. Fields that a message does not have are null or empty; several messages are merged.
/// Spec: libp2p/specs identify/README.md, "The Identify Message"; RFC 0003 for the signed record.
/// </summary>
public sealed record IdentifyMessage
{
    /// <summary>The protocol by which a peer is asked.</summary>
    public const string Protocol = "/ipfs/id/1.0.0";

    /// <summary>The protocol by which a peer tells of changes.</summary>
    public const string PushProtocol = "/ipfs/id/push/1.0.0";

    /// <summary>The longest message that is read.</summary>
    public const int MaxReadBytes = 8192;

    /// <summary>The longest message that is sent: some refuse more.</summary>
    public const int MaxWriteBytes = 4096;

    /// <summary>Messages of one exchange that are merged.</summary>
    public const int MaxMessages = 10;

    /// <summary>Addresses that are kept of one peer.</summary>
    public const int MaxAddresses = 64;

    /// <summary>Protocols that are kept of one peer.</summary>
    public const int MaxProtocols = 256;

    /// <summary>The family of protocols, like "ipfs/0.1.0".</summary>
    public string? ProtocolVersion { get; init; }

    /// <summary>The program, like "js-libp2p/3.3".</summary>
    public string? AgentVersion { get; init; }

    /// <summary>The peer's key; the receiver compares it with the connection's.</summary>
    public PublicKey? PublicKey { get; init; }

    /// <summary>Where it listens, as it says.</summary>
    public IReadOnlyList<Multiaddr> ListenAddresses { get; init; } = [];

    /// <summary>Our address as it sees it: a hint of one witness.</summary>
    public Multiaddr? ObservedAddress { get; init; }

    /// <summary>What it serves.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = [];

    /// <summary>A signed envelope with its peer record, not checked here.</summary>
    public ReadOnlyMemory<byte> SignedPeerRecord { get; init; }

    /// <summary>Reads a message. Addresses and keys that are malformed are left out; false when the message itself is.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out IdentifyMessage? message)
    {
        message = null;
        var read = new IdentifyMessage();
        List<Multiaddr> addresses = [];
        List<string> protocols = [];
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            if (type != WireType.Bytes || field is < 1 or > 8 or 7)
            {
                if (!reader.TrySkip(type))
                    return false;
                continue;
            }
            if (!reader.TryReadBytes(out ReadOnlySpan<byte> value))
                return false;
            if (field == 2 && addresses.Count < MaxAddresses && Multiaddr.TryDecode(value, out Multiaddr? listen))
                addresses.Add(listen);
            else if (field == 3 && protocols.Count < MaxProtocols)
                protocols.Add(Encoding.UTF8.GetString(value));
            else
                read = read.With(field, value);
        }
        message = read with { ListenAddresses = addresses, Protocols = protocols };
        return true;
    }

    /// <summary>This message with what a later one says in the place of what it had said before.</summary>
    public IdentifyMessage Merge(IdentifyMessage later) => new()
    {
        ProtocolVersion = later.ProtocolVersion ?? ProtocolVersion,
        AgentVersion = later.AgentVersion ?? AgentVersion,
        PublicKey = later.PublicKey ?? PublicKey,
        ObservedAddress = later.ObservedAddress ?? ObservedAddress,
        ListenAddresses = later.ListenAddresses.Count > 0 ? later.ListenAddresses : ListenAddresses,
        Protocols = later.Protocols.Count > 0 ? later.Protocols : Protocols,
        SignedPeerRecord = later.SignedPeerRecord.IsEmpty ? SignedPeerRecord : later.SignedPeerRecord,
    };

    /// <summary>The message in at most <see cref="MaxWriteBytes"/>; addresses and then protocols that do not fit are left out.</summary>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(512);
        var writer = new ProtobufWriter(output);
        if (PublicKey is not null)
            writer.WriteBytes(1, PublicKey.ToBytes());
        if (ObservedAddress is not null)
            writer.WriteBytes(4, ObservedAddress.Bytes);
        if (ProtocolVersion is not null)
            writer.WriteString(5, ProtocolVersion);
        if (AgentVersion is not null)
            writer.WriteString(6, AgentVersion);
        if (!SignedPeerRecord.IsEmpty)
            writer.WriteBytes(8, SignedPeerRecord.Span);
        foreach (string protocol in Protocols)
        {
            if (Fits(output, Encoding.UTF8.GetByteCount(protocol)))
                writer.WriteString(3, protocol);
        }
        foreach (Multiaddr address in ListenAddresses)
        {
            if (Fits(output, address.Bytes.Length))
                writer.WriteBytes(2, address.Bytes);
        }
        return output.WrittenSpan.ToArray();
    }

    private static bool Fits(ArrayBufferWriter<byte> output, int bytes) => output.WrittenCount + bytes + 3 <= MaxWriteBytes;

    private IdentifyMessage With(int field, ReadOnlySpan<byte> value) => field switch
    {
        1 when Formats.Multiformats.PublicKey.TryDecode(value, out PublicKey? key) => this with { PublicKey = key },
        4 when Multiaddr.TryDecode(value, out Multiaddr? observed) => this with { ObservedAddress = observed },
        5 => this with { ProtocolVersion = Encoding.UTF8.GetString(value) },
        6 => this with { AgentVersion = Encoding.UTF8.GetString(value) },
        8 => this with { SignedPeerRecord = value.ToArray() },
        _ => this,
    };
}
