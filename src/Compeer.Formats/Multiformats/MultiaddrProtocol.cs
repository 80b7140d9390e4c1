using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Multiformats;

/// <summary>A protocol that can stand in a multiaddr: its code, name, and how its value is written. Spec: multiformats/multiaddr, protocols.csv.</summary>
public sealed class MultiaddrProtocol
{
    /// <summary>The size of values that are preceded by their length.</summary>
    internal const int Prefixed = -1;

    public static readonly MultiaddrProtocol Ip4 = new(4, "ip4", 4, MultiaddrValue.Address);
    public static readonly MultiaddrProtocol Tcp = new(6, "tcp", 2, MultiaddrValue.Port);
    public static readonly MultiaddrProtocol Dccp = new(33, "dccp", 2, MultiaddrValue.Port);
    public static readonly MultiaddrProtocol Ip6 = new(41, "ip6", 16, MultiaddrValue.Address);
    public static readonly MultiaddrProtocol Ip6Zone = new(42, "ip6zone", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol IpCidr = new(43, "ipcidr", 1, MultiaddrValue.Mask);
    public static readonly MultiaddrProtocol Dns = new(53, "dns", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol Dns4 = new(54, "dns4", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol Dns6 = new(55, "dns6", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol DnsAddr = new(56, "dnsaddr", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol Sctp = new(132, "sctp", 2, MultiaddrValue.Port);
    public static readonly MultiaddrProtocol Udp = new(273, "udp", 2, MultiaddrValue.Port);
    public static readonly MultiaddrProtocol WebRtcStar = new(275, "p2p-webrtc-star");
    public static readonly MultiaddrProtocol OldWebRtcDirect = new(276, "p2p-webrtc-direct");
    public static readonly MultiaddrProtocol Stardust = new(277, "p2p-stardust");
    public static readonly MultiaddrProtocol WebRtcDirect = new(280, "webrtc-direct");
    public static readonly MultiaddrProtocol WebRtc = new(281, "webrtc");
    public static readonly MultiaddrProtocol Circuit = new(290, "p2p-circuit");
    public static readonly MultiaddrProtocol Udt = new(301, "udt");
    public static readonly MultiaddrProtocol Utp = new(302, "utp");
    public static readonly MultiaddrProtocol Unix = new(400, "unix", Prefixed, MultiaddrValue.Path);
    public static readonly MultiaddrProtocol P2p = new(421, "p2p", Prefixed, MultiaddrValue.PeerId);
    public static readonly MultiaddrProtocol Https = new(443, "https");
    public static readonly MultiaddrProtocol Onion = new(444, "onion", 12, MultiaddrValue.Onion);
    public static readonly MultiaddrProtocol Onion3 = new(445, "onion3", 37, MultiaddrValue.Onion);
    public static readonly MultiaddrProtocol Garlic64 = new(446, "garlic64", Prefixed, MultiaddrValue.Garlic64);
    public static readonly MultiaddrProtocol Garlic32 = new(447, "garlic32", Prefixed, MultiaddrValue.Garlic32);
    public static readonly MultiaddrProtocol Tls = new(448, "tls");
    public static readonly MultiaddrProtocol Sni = new(449, "sni", Prefixed, MultiaddrValue.Text);
    public static readonly MultiaddrProtocol Noise = new(454, "noise");
    public static readonly MultiaddrProtocol Quic = new(460, "quic");
    public static readonly MultiaddrProtocol QuicV1 = new(461, "quic-v1");
    public static readonly MultiaddrProtocol WebTransport = new(465, "webtransport");
    public static readonly MultiaddrProtocol CertHash = new(466, "certhash", Prefixed, MultiaddrValue.CertHash);
    public static readonly MultiaddrProtocol Ws = new(477, "ws");
    public static readonly MultiaddrProtocol Wss = new(478, "wss");
    public static readonly MultiaddrProtocol WebSocketStar = new(479, "p2p-websocket-star");
    public static readonly MultiaddrProtocol Http = new(480, "http");
    public static readonly MultiaddrProtocol HttpPath = new(481, "http-path", Prefixed, MultiaddrValue.Escaped);
    public static readonly MultiaddrProtocol Memory = new(777, "memory", Prefixed, MultiaddrValue.Text);

    /// <summary>Stands for a code that is not in our table, and for all that follows it: without its size nothing behind it can be told apart.</summary>
    public static readonly MultiaddrProtocol Unknown = new(-1, "unknown", 0, MultiaddrValue.Hex);

    private static readonly MultiaddrProtocol[] Table =
    [
        Ip4, Tcp, Dccp, Ip6, Ip6Zone, IpCidr, Dns, Dns4, Dns6, DnsAddr, Sctp, Udp, WebRtcStar, OldWebRtcDirect, Stardust, WebRtcDirect, WebRtc, Circuit,
        Udt, Utp, Unix, P2p, Https, Onion, Onion3, Garlic64, Garlic32, Tls, Sni, Noise, Quic, QuicV1, WebTransport, CertHash, Ws, Wss, WebSocketStar,
        Http, HttpPath, Memory,
    ];

    private static readonly Dictionary<int, MultiaddrProtocol> Codes = Table.ToDictionary(p => p.Code);

    private static readonly Dictionary<string, MultiaddrProtocol> Names =
        new(Table.Append(Unknown).Select(p => KeyValuePair.Create(p.Name, p)).Append(KeyValuePair.Create("ipfs", P2p)));

    private MultiaddrProtocol(int code, string name, int size = 0, MultiaddrValue? value = null)
    {
        Code = code;
        Name = name;
        Size = size;
        Value = value;
    }

    /// <summary>The number in the table.</summary>
    public int Code { get; }

    /// <summary>The name in the table.</summary>
    public string Name { get; }

    /// <summary>Whether a value follows.</summary>
    public bool HasValue => Value is not null;

    /// <summary>Bytes of the value, or <see cref="Prefixed"/>.</summary>
    internal int Size { get; }

    internal MultiaddrValue? Value { get; }

    public override string ToString() => Name;

    internal static bool TryFind(ulong code, [NotNullWhen(true)] out MultiaddrProtocol? protocol)
    {
        protocol = null;
        return code <= int.MaxValue && Codes.TryGetValue((int)code, out protocol);
    }

    internal static bool TryFind(string name, [NotNullWhen(true)] out MultiaddrProtocol? protocol) => Names.TryGetValue(name, out protocol);
}
