using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Compeer.Content.Storage;

/// <summary>What a journal record says.</summary>
internal enum JournalRecordType : byte
{
    /// <summary>Format version, boot id, swarm id, piece count and length, folder. First in every file.</summary>
    Header = 1,

    /// <summary>Offset and bytes of the bit set of verified pieces, as in a peer's bitfield.</summary>
    Have = 2,

    /// <summary>File index, length, modification time.</summary>
    Stamp = 3,

    /// <summary>A verified piece is about to be written.</summary>
    Opened = 4,

    /// <summary>The piece is in the file.</summary>
    Written = 5,

    /// <summary>The piece counts no longer.</summary>
    Lost = 6,

    /// <summary>A position in the journal: every piece written in front of it has reached the device.</summary>
    Synced = 7,

    /// <summary>The program left in good order.</summary>
    Clean = 8,

    /// <summary>Offset and bytes of the bit set of files kept in the side file.</summary>
    Side = 9,

    /// <summary>Offset and bytes of the bit set of pieces that are to be hashed before they count.</summary>
    Doubted = 10,
}

/// <summary>
/// Framing of journal records: type (1), payload length (2, big-endian), payload, CRC-32C of all before (4).
/// A torn or damaged tail ends the reading; nothing behind it is believed.
/// </summary>
internal static class JournalRecord
{
    public const int OverheadBytes = 7;

    public const int MaxPayloadBytes = ushort.MaxValue;

    /// <summary>Writes one record; returns its length in bytes.</summary>
    public static int Write(Span<byte> target, JournalRecordType type, ReadOnlySpan<byte> payload)
    {
        target[0] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(target[1..], checked((ushort)payload.Length));
        payload.CopyTo(target[3..]);
        BinaryPrimitives.WriteUInt32BigEndian(target[(3 + payload.Length)..], Crc32C(target[..(3 + payload.Length)]));
        return OverheadBytes + payload.Length;
    }

    /// <summary>Takes one record from the front of <paramref name="data"/>; false at the end or at the first damage.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> data, out JournalRecordType type, out ReadOnlySpan<byte> payload)
    {
        type = 0;
        payload = default;
        if (data.Length < OverheadBytes)
            return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(data[1..]);
        if (data.Length < OverheadBytes + length
            || BinaryPrimitives.ReadUInt32BigEndian(data[(3 + length)..]) != Crc32C(data[..(3 + length)]))
            return false;
        type = (JournalRecordType)data[0];
        payload = data.Slice(3, length);
        data = data[(OverheadBytes + length)..];
        return true;
    }

    private static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte rest in data[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }
}
