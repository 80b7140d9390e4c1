using System.Buffers.Binary;
using System.Text;
using Compeer.Formats.Hashing;

namespace Compeer.Content.Storage;

/// <summary>What a journal must speak of to be ours.</summary>
/// <param name="SwarmId">The torrent's swarm id.</param>
/// <param name="PieceCount">Its pieces.</param>
/// <param name="FileCount">Its files.</param>
/// <param name="Directory">The absolute folder of its files.</param>
internal sealed record JournalIdentity(Sha1Hash SwarmId, int PieceCount, int FileCount, string Directory)
{
    public const ushort Version = 1;

    public const int HeaderBytes = 46;

    /// <summary>The header record's payload for this run of the system.</summary>
    public byte[] ToHeader(Guid bootId)
    {
        byte[] folder = Encoding.UTF8.GetBytes(Directory);
        byte[] payload = new byte[HeaderBytes + folder.Length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, Version);
        bootId.TryWriteBytes(payload.AsSpan(2));
        SwarmId.AsSpan().CopyTo(payload.AsSpan(18));
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(38), PieceCount);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(42), FileCount);
        folder.CopyTo(payload.AsSpan(HeaderBytes));
        return payload;
    }
}
