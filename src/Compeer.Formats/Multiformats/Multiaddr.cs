using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Compeer.Formats.Multiformats;

/// <summary>An address that says how to reach it: "/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...". Immutable, never empty.</summary>
/// <remarks>
/// Spec: multiformats/multiaddr; libp2p/specs addressing. A protocol that our table lacks survives: it and the bytes behind it
/// become one component "/unknown/HEX", which is written back as it was.
/// </remarks>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    /// <summary>Longest address that is read.</summary>
    public const int MaxBytes = 2048;

    /// <summary>Most components of an address that is read.</summary>
    public const int MaxComponents = 32;

    private const int MaxCharacters = 2 * MaxBytes + 64;

    private readonly byte[] _bytes;
    private readonly MultiaddrComponent[] _components;

    private Multiaddr(byte[] bytes, MultiaddrComponent[] components)
    {
        _bytes = bytes;
        _components = components;
    }

    /// <summary>The parts, from the outside in.</summary>
    public IReadOnlyList<MultiaddrComponent> Components => _components;

    /// <summary>The protocols of the parts, in their order.</summary>
    public IEnumerable<MultiaddrProtocol> Protocols => _components.Select(c => c.Protocol);

    /// <summary>The encoded address.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The peer at the end of the address: the last /p2p part, unless a relay's /p2p-circuit follows it.</summary>
    public PeerId? PeerId
    {
        get
        {
            for (int i = _components.Length - 1; i >= 0 && _components[i].Protocol != MultiaddrProtocol.Circuit; i--)
            {
                if (_components[i].Protocol == MultiaddrProtocol.P2p && Multiformats.PeerId.TryDecode(_components[i].Value, out PeerId id))
                    return id;
            }
            return null;
        }
    }

    /// <summary>The address of a TCP endpoint. An IPv6 scope is not kept: it means something on one machine only.</summary>
    public static Multiaddr FromTcp(IPEndPoint endPoint) => FromEndPoint(endPoint, MultiaddrProtocol.Tcp);

    /// <summary>The address of a UDP endpoint.</summary>
    public static Multiaddr FromUdp(IPEndPoint endPoint) => FromEndPoint(endPoint, MultiaddrProtocol.Udp);

    /// <summary>Reads text.</summary>
    /// <exception cref="FormatException">The text is no multiaddr; the message names the part.</exception>
    public static Multiaddr Parse(string text) => TryParse(text, out Multiaddr? address, out string? error) ? address : throw new FormatException(error);

    /// <summary>Reads text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? address) => TryParse(text, out address, out _);

    /// <summary>Reads text; says what is wrong with it, in one sentence.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        error = null;
        string[] parts = text.Length <= MaxCharacters ? text.TrimEnd('/').Split('/') : [];
        if (parts.Length < 2 || parts[0].Length > 0)
        {
            error = $"\"{Shortened(text)}\" is no multiaddr; those look like /ip4/192.0.2.1/tcp/4001.";
            return false;
        }
        var output = new ArrayBufferWriter<byte>();
        for (int i = 1; i < parts.Length; i++)
        {
            if (!MultiaddrProtocol.TryFind(parts[i], out MultiaddrProtocol? protocol))
            {
                error = $"\"{Shortened(parts[i])}\" in {Shortened(text)} is no protocol of multiaddrs.";
                return false;
            }
            byte[]? value = [];
            if (protocol.Value is { } kind)
            {
                string written = kind == MultiaddrValue.Path ? string.Join('/', parts[(i + 1)..]) : i + 1 < parts.Length ? parts[i + 1] : "";
                value = kind.FromText(written);
                if (value is null || value.Length > MultiaddrValue.MaxBytes || protocol.Size > 0 && value.Length != protocol.Size)
                {
                    error = $"\"{Shortened(written)}\" is no value for /{protocol.Name}.";
                    return false;
                }
                i = kind == MultiaddrValue.Path ? parts.Length : i + 1;
            }
            Write(output, protocol, value);
        }
        if (TryDecode(output.WrittenSpan, out address))
            return true;
        error = $"{Shortened(text)} is too long for a multiaddr.";
        return false;
    }

    /// <summary>Reads bytes that are one address and nothing more; false where a part is cut or its value is none of its kind.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (source.IsEmpty || source.Length > MaxBytes)
            return false;
        byte[] bytes = source.ToArray();
        var components = new List<MultiaddrComponent>(4);
        for (int at = 0; at < bytes.Length;)
        {
            if (components.Count == MaxComponents || !TryReadComponent(bytes.AsMemory(at), out MultiaddrComponent component, out int length))
                return false;
            components.Add(component);
            at += length;
        }
        address = new Multiaddr(bytes, [.. components]);
        return true;
    }

    /// <summary>A copy of the encoded address.</summary>
    public byte[] ToBytes() => [.. _bytes];

    /// <summary>Whether a part has that protocol.</summary>
    public bool Contains(MultiaddrProtocol protocol) => Array.Exists(_components, c => c.Protocol == protocol);

    /// <summary>This address with one more part.</summary>
    /// <exception cref="FormatException">The value is none for the protocol.</exception>
    public Multiaddr With(MultiaddrProtocol protocol, string value = "") =>
        Encapsulate(Parse(protocol.HasValue ? $"/{protocol.Name}/{value}" : "/" + protocol.Name));

    /// <summary>This address of a peer: with /p2p at its end, unless it says so already.</summary>
    public Multiaddr With(PeerId peer) => PeerId == peer ? this : With(MultiaddrProtocol.P2p, peer.ToString());

    /// <summary>This address followed by another.</summary>
    /// <exception cref="FormatException">Both together are too long.</exception>
    public Multiaddr Encapsulate(Multiaddr inner) =>
        TryDecode([.. _bytes, .. inner._bytes], out Multiaddr? whole) ? whole : throw new FormatException("Both addresses together are too long for one.");

    /// <summary>This address without the peer at its end; itself where there is none, null where nothing else is left.</summary>
    public Multiaddr? WithoutPeer()
    {
        if (_components[^1].Protocol != MultiaddrProtocol.P2p)
            return this;
        var output = new ArrayBufferWriter<byte>();
        foreach (MultiaddrComponent component in _components.AsSpan()[..^1])
            Write(output, component.Protocol, component.Value);
        return TryDecode(output.WrittenSpan, out Multiaddr? rest) ? rest : null;
    }

    /// <summary>The endpoint, where the address begins with an IP address and a TCP port. A zone is used when it is a number.</summary>
    public bool TryGetTcp([NotNullWhen(true)] out IPEndPoint? endPoint) => TryGetEndPoint(MultiaddrProtocol.Tcp, out endPoint);

    /// <summary>The endpoint, where the address begins with an IP address and a UDP port.</summary>
    public bool TryGetUdp([NotNullWhen(true)] out IPEndPoint? endPoint) => TryGetEndPoint(MultiaddrProtocol.Udp, out endPoint);

    public bool Equals(Multiaddr? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    public override int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(_bytes);
        return code.ToHashCode();
    }

    /// <summary>The address as text.</summary>
    public override string ToString() => string.Concat(_components.Select(c => c.ToString()));

    private static Multiaddr FromEndPoint(IPEndPoint endPoint, MultiaddrProtocol transport)
    {
        byte[] address = endPoint.Address.GetAddressBytes();
        var output = new ArrayBufferWriter<byte>();
        Write(output, address.Length == 4 ? MultiaddrProtocol.Ip4 : MultiaddrProtocol.Ip6, address);
        Write(output, transport, [(byte)(endPoint.Port >> 8), (byte)endPoint.Port]);
        return TryDecode(output.WrittenSpan, out Multiaddr? written) ? written : throw new ArgumentException("No endpoint of a network.", nameof(endPoint));
    }

    private static bool TryReadComponent(ReadOnlyMemory<byte> source, out MultiaddrComponent component, out int length)
    {
        component = default;
        length = 0;
        if (!UnsignedVarint.TryRead(source.Span, out ulong code, out int at))
            return false;
        if (!MultiaddrProtocol.TryFind(code, out MultiaddrProtocol? protocol))
        {
            length = source.Length;
            component = new MultiaddrComponent(MultiaddrProtocol.Unknown, source, Convert.ToHexStringLower(source.Span));
            return true;
        }
        ulong size = (ulong)protocol.Size;
        if (protocol.Size == MultiaddrProtocol.Prefixed)
        {
            if (!UnsignedVarint.TryRead(source.Span[at..], out size, out int prefix) || size > MultiaddrValue.MaxBytes)
                return false;
            at += prefix;
        }
        if (size > (ulong)(source.Length - at))
            return false;
        ReadOnlyMemory<byte> value = source.Slice(at, (int)size);
        string? text = protocol.Value is { } kind ? kind.ToText(value.Span) : "";
        length = at + (int)size;
        component = new MultiaddrComponent(protocol, value, text ?? "");
        return text is not null;
    }

    private static void Write(IBufferWriter<byte> output, MultiaddrProtocol protocol, ReadOnlySpan<byte> value)
    {
        if (protocol != MultiaddrProtocol.Unknown)
            UnsignedVarint.Write(output, (ulong)protocol.Code);
        if (protocol.Size == MultiaddrProtocol.Prefixed)
            UnsignedVarint.Write(output, (ulong)value.Length);
        output.Write(value);
    }

    private static string Shortened(string text) => text.Length <= 80 ? text : text[..80] + "...";

    private bool TryGetEndPoint(MultiaddrProtocol transport, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        endPoint = null;
        ReadOnlySpan<MultiaddrComponent> parts = _components;
        long zone = 0;
        if (parts[0].Protocol == MultiaddrProtocol.Ip6Zone)
        {
            if (!uint.TryParse(parts[0].Text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
                return false;
            zone = number;
            parts = parts[1..];
        }
        if (parts.Length < 2 || parts[1].Protocol != transport)
            return false;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(parts[1].Value);
        if (parts[0].Protocol == MultiaddrProtocol.Ip4 && zone == 0)
            endPoint = new IPEndPoint(new IPAddress(parts[0].Value), port);
        else if (parts[0].Protocol == MultiaddrProtocol.Ip6)
            endPoint = new IPEndPoint(new IPAddress(parts[0].Value, zone), port);
        return endPoint is not null;
    }
}
