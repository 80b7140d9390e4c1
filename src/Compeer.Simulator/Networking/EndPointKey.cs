using System.Buffers.Binary;
using System.Net;
using Compeer.Formats.Hashing;

namespace Compeer.Simulator.Networking;

/// <summary>An address and port as numbers, for tables. IPv4 keeps its mapped form, so both spellings are one key.</summary>
internal readonly struct EndPointKey : IEquatable<EndPointKey>
{
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly int _port;

    private EndPointKey(ulong high, ulong low, int port)
    {
        _high = high;
        _low = low;
        _port = port;
    }

    /// <summary>The same for the same endpoint in every run: goes into traces.</summary>
    public ulong Digest => SplitMix64.Mix(_high ^ SplitMix64.Mix(_low ^ SplitMix64.Mix((ulong)_port + 1)));

    public static EndPointKey Of(IPEndPoint endPoint) => Of(endPoint.Address, endPoint.Port);

    public static EndPointKey Of(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
        {
            address.TryWriteBytes(bytes[12..], out _);
            bytes[10] = bytes[11] = 0xFF;
        }
        else
        {
            address.TryWriteBytes(bytes, out _);
        }
        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), port);
    }

    /// <summary>The same address with another port.</summary>
    public EndPointKey WithPort(int port) => new(_high, _low, port);

    public bool Equals(EndPointKey other) => _low == other._low && _high == other._high && _port == other._port;

    public override bool Equals(object? obj) => obj is EndPointKey other && Equals(other);

    public override int GetHashCode() => (int)SplitMix64.Mix(_high ^ (_low * SplitMix64.Increment) ^ ((ulong)_port << 48));
}
