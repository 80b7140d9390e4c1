using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Compeer.Formats.Torrents;

/// <summary>Twenty bytes that name a BitTorrent client's run; by convention they begin with the program and version.</summary>
/// <remarks>Spec: BEP 3; BEP 20 for the convention.</remarks>
[InlineArray(LengthBytes)]
public struct PeerId : IEquatable<PeerId>
{
    /// <summary>Length in bytes.</summary>
    public const int LengthBytes = 20;

    private const string OurPrefix = "-CP0100-";

    private static readonly Dictionary<string, string> Programs = new()
    {
        ["CP"] = "Compeer", ["LT"] = "libtorrent", ["lt"] = "rTorrent", ["TR"] = "Transmission", ["qB"] = "qBittorrent",
        ["UT"] = "uTorrent", ["DE"] = "Deluge", ["A2"] = "aria2", ["AZ"] = "Vuze", ["BI"] = "BiglyBT", ["MO"] = "MonoTorrent",
        ["WW"] = "WebTorrent", ["BT"] = "BitTorrent", ["KT"] = "KTorrent", ["TX"] = "Tixati", ["FW"] = "FrostWire",
    };

    private byte _first;

    /// <summary>Copies exactly 20 bytes.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public PeerId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"A peer id has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(this);
    }

    /// <summary>An id of ours around twelve random bytes.</summary>
    /// <exception cref="ArgumentException">Not twelve bytes.</exception>
    public static PeerId Create(ReadOnlySpan<byte> random)
    {
        if (random.Length != LengthBytes - OurPrefix.Length)
            throw new ArgumentException("Twelve random bytes are needed.", nameof(random));
        PeerId id = default;
        Encoding.ASCII.GetBytes(OurPrefix, id);
        random.CopyTo(((Span<byte>)id)[OurPrefix.Length..]);
        return id;
    }

    /// <summary>The bytes in place; valid while the variable lives.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in _first, LengthBytes);

    /// <summary>The program that the id claims, from known prefixes; ASCII letters, digits, spaces and dots only.</summary>
    public readonly string ClientName
    {
        get
        {
            ReadOnlySpan<byte> id = AsSpan();
            if (id[..7].SequenceEqual("A2-1-36"u8) || id[..3].SequenceEqual("A2-"u8))
                return "aria2";
            if (id[0] != '-' || id[7] != '-' || id[1..7].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
                return "unknown";
            string code = Encoding.ASCII.GetString(id[1..3]);
            string version = string.Join('.', Encoding.ASCII.GetString(id[3..7]).TrimEnd('0').Where(char.IsAsciiLetterOrDigit));
            string name = Programs.GetValueOrDefault(code) ?? new string([.. code.Where(char.IsAsciiLetterOrDigit)]);
            return version.Length == 0 ? name : $"{name} {version}";
        }
    }

    public readonly bool Equals(PeerId other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is PeerId other && Equals(other);

    public override readonly int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(AsSpan());
        return code.ToHashCode();
    }

    public override readonly string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);
}
