using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Protocols.CircuitRelay;

/// <summary>What a relay allows one circuit; 0 is no limit. Spec: relay/circuit-v2.md, "Limit".</summary>
/// <param name="Duration">How long it may last, in whole seconds.</param>
/// <param name="DataBytes">Bytes in each direction.</param>
public sealed record CircuitLimit(TimeSpan Duration, ulong DataBytes)
{
    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CircuitLimit? limit)
    {
        limit = null;
        ulong duration = 0, data = 0;
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead = (field, type) switch
            {
                (1, WireType.Varint) => reader.TryReadVarint(out duration),
                (2, WireType.Varint) => reader.TryReadVarint(out data),
                _ => reader.TrySkip(type),
            };
            if (!isRead)
                return false;
        }
        limit = new CircuitLimit(TimeSpan.FromSeconds((uint)Math.Min(duration, uint.MaxValue)), data);
        return true;
    }

    internal static void Write(ProtobufWriter writer, CircuitLimit limit)
    {
        writer.WriteVarint(1, (ulong)limit.Duration.TotalSeconds);
        writer.WriteVarint(2, limit.DataBytes);
    }
}

/// <summary>A place at a relay. Spec: relay/circuit-v2.md, "Reservation".</summary>
/// <param name="Expires">When it ends, in seconds of Unix time.</param>
/// <param name="Addresses">Where the relay is dialled, with its name and without /p2p-circuit; at most <see cref="MaxAddresses"/>.</param>
/// <param name="Voucher">A sealed <see cref="ReservationVoucher"/>; empty where the relay gives none.</param>
public sealed record CircuitReservation(ulong Expires, IReadOnlyList<Multiaddr> Addresses, ReadOnlyMemory<byte> Voucher)
{
    /// <summary>Most addresses that are read; what follows is passed over.</summary>
    public const int MaxAddresses = 32;

    internal static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CircuitReservation? reservation)
    {
        reservation = null;
        ulong expires = 0;
        List<Multiaddr> addresses = [];
        byte[] voucher = [];
        var reader = new ProtobufReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                return false;
            bool isRead;
            if (field == 1 && type == WireType.Varint)
                isRead = reader.TryReadVarint(out expires);
            else if (field is 2 or 3 && type == WireType.Bytes)
            {
                isRead = reader.TryReadBytes(out ReadOnlySpan<byte> value);
                if (field == 3)
                    voucher = value.ToArray();
                else if (addresses.Count < MaxAddresses && Multiaddr.TryDecode(value, out Multiaddr? address))
                    addresses.Add(address);
            }
            else
                isRead = reader.TrySkip(type);
            if (!isRead)
                return false;
        }
        reservation = new CircuitReservation(expires, addresses, voucher);
        return true;
    }

    internal static void Write(ProtobufWriter writer, CircuitReservation reservation)
    {
        writer.WriteVarint(1, reservation.Expires);
        foreach (Multiaddr address in reservation.Addresses)
            writer.WriteBytes(2, address.Bytes);
        if (!reservation.Voucher.IsEmpty)
            writer.WriteBytes(3, reservation.Voucher.Span);
    }
}
