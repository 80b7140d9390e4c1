using System.Globalization;
using System.Net;
using System.Text;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PeerWire;

/// <summary>What the remote said of itself in its extension handshakes; a later one changes only what it names.</summary>
/// <remarks>Spec: BEP 10; BEP 9 (metadata_size), 11 (ut_pex), 21 (upload_only), 54 (lt_donthave), 55 (ut_holepunch).</remarks>
public sealed class RemoteExtensions
{
    private const int MaxNameLength = 100;

    /// <summary>The name of the program, at most 100 characters and none that steers a terminal; still only its word.</summary>
    public string? ClientName { get; private set; }

    /// <summary>Port at which it listens, or null.</summary>
    public int? ListenPort { get; private set; }

    /// <summary>Requests it lets us have outstanding, or null.</summary>
    public int? RequestQueue { get; private set; }

    /// <summary>Bytes of the info dictionary it has, or null.</summary>
    public long? MetadataBytes { get; private set; }

    /// <summary>It fetches nothing more: a seed, or a partial seed. Spec: BEP 21.</summary>
    public bool IsUploadOnly { get; internal set; }

    /// <summary>Our address as it sees it.</summary>
    public IPAddress? OurAddress { get; private set; }

    /// <summary>Its own IPv4 address, by its word; null when it does not tell.</summary>
    public IPAddress? OwnV4 { get; private set; }

    /// <summary>Its own IPv6 address, by its word; null when it does not tell.</summary>
    public IPAddress? OwnV6 { get; private set; }

    /// <summary>Its port at a relay, by its word; null when it names none. An extension of ours: the key "relay", a compact peer.</summary>
    public IPEndPoint? Relayed { get; private set; }

    /// <summary>Its number for metadata exchange; 0 when it has none.</summary>
    public int Metadata { get; private set; }

    /// <summary>Its number for lt_donthave; 0 when it has none.</summary>
    public int DontHave { get; private set; }

    /// <summary>Its number for upload_only; 0 when it has none.</summary>
    public int UploadOnly { get; private set; }

    /// <summary>Its number for ut_pex; 0 when it has none.</summary>
    public int PeerExchange { get; private set; }

    /// <summary>Its number for hole punching; 0 when it has none.</summary>
    public int HolePunch { get; private set; }

    /// <summary>Takes in a handshake; false when it is not a bencoded dictionary.</summary>
    public bool TryUpdate(ReadOnlySpan<byte> payload)
    {
        if (!BencodeDocument.TryParsePrefix(payload.ToArray(), BencodeLimits.Peer, out BencodeDocument? document, out _, out _)
            || document.Root.Kind != BencodeKind.Dictionary)
            return false;
        BencodeElement root = document.Root;
        if (root.TryGet("m"u8, out BencodeElement numbers))
        {
            Metadata = Number(numbers, "ut_metadata"u8, Metadata);
            DontHave = Number(numbers, "lt_donthave"u8, DontHave);
            UploadOnly = Number(numbers, "upload_only"u8, UploadOnly);
            PeerExchange = Number(numbers, "ut_pex"u8, PeerExchange);
            HolePunch = Number(numbers, "ut_holepunch"u8, HolePunch);
        }
        if (root.TryGetText("v"u8, out string name))
            ClientName = Printable(name);
        if (root.TryGetInteger("p"u8, out long port) && port is > 0 and <= 65535)
            ListenPort = (int)port;
        if (root.TryGetInteger("reqq"u8, out long queue) && queue > 0)
            RequestQueue = (int)Math.Min(queue, 100_000);
        if (root.TryGetInteger("metadata_size"u8, out long size) && size > 0)
            MetadataBytes = size;
        if (root.TryGetInteger("upload_only"u8, out long uploadOnly))
            IsUploadOnly = uploadOnly != 0;
        if (root.TryGetBytes("yourip"u8, out ReadOnlyMemory<byte> address) && address.Length is 4 or 16)
            OurAddress = new IPAddress(address.Span);
        if (root.TryGetBytes("ipv4"u8, out ReadOnlyMemory<byte> v4) && v4.Length == 4)
            OwnV4 = new IPAddress(v4.Span);
        if (root.TryGetBytes("ipv6"u8, out ReadOnlyMemory<byte> v6) && v6.Length == 16)
            OwnV6 = new IPAddress(v6.Span);
        var relayed = new List<IPEndPoint>(1);
        if (root.TryGetBytes("relay"u8, out ReadOnlyMemory<byte> compact) && CompactPeers.TryRead(compact.Span, compact.Length == CompactPeers.V6LengthBytes, 1, relayed))
            Relayed = relayed.FirstOrDefault();
        return true;
    }

    private static string Printable(string name)
    {
        var printable = new StringBuilder();
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool steers = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
            if (printable.Length + rune.Utf16SequenceLength > MaxNameLength)
                break;
            if (!steers)
                printable.Append(rune.ToString());
        }
        return printable.ToString();
    }

    private static int Number(BencodeElement numbers, ReadOnlySpan<byte> name, int before) =>
        numbers.TryGetInteger(name, out long number) && number is >= 0 and <= 255 ? (int)number : before;
}
