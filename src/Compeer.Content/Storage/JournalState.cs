using System.Buffers.Binary;
using System.Text;

namespace Compeer.Content.Storage;

/// <summary>What a journal tells when it is read from its start: the pieces on disk and how far they can be trusted.</summary>
internal sealed class JournalState
{
    private readonly Dictionary<int, long> _writtenAt = [];
    private bool _hasHistory;

    /// <summary>One flag a piece: written after it was verified.</summary>
    public required bool[] Have { get; init; }

    /// <summary>One flag a file: kept in the side file.</summary>
    public required bool[] Side { get; init; }

    /// <summary>Pieces whose write began and is not known to have ended.</summary>
    public HashSet<int> Open { get; } = [];

    /// <summary>Pieces that were to be hashed, and were not.</summary>
    public HashSet<int> Doubted { get; } = [];

    /// <summary>Pieces written since the last flush to the device: safe when the program dies, not when the machine does.</summary>
    public IReadOnlyCollection<int> Unflushed => _writtenAt.Keys;

    /// <summary>Each file as we left it.</summary>
    public required Dictionary<int, FileStamp> Stamps { get; init; }

    /// <summary>Identifies the system's run in which the journal was last written.</summary>
    public Guid BootId { get; private set; }

    /// <summary>The folder whose files it speaks of.</summary>
    public string Directory { get; private set; } = "";

    /// <summary>The program left in good order.</summary>
    public bool Clean { get; private set; }

    /// <summary>It left as well, and what it says it says in the fewest records: nothing is gained by writing the journal anew.</summary>
    public bool IsCompact => Clean && !_hasHistory;

    /// <summary>Reads a journal; null when it is none of this torrent's.</summary>
    public static JournalState? Replay(ReadOnlySpan<byte> data, JournalIdentity identity)
    {
        int length = data.Length;
        var state = new JournalState { Have = new bool[identity.PieceCount], Side = new bool[identity.FileCount], Stamps = new(identity.FileCount) };
        if (!JournalRecord.TryRead(ref data, out JournalRecordType first, out ReadOnlySpan<byte> header)
            || first != JournalRecordType.Header
            || !state.TryReadHeader(header, identity))
            return null;
        while (JournalRecord.TryRead(ref data, out JournalRecordType type, out ReadOnlySpan<byte> payload))
        {
            state.Clean = type == JournalRecordType.Clean;
            state.Apply(type, payload, length - data.Length);
        }
        state.Clean &= data.IsEmpty;
        return state;
    }

    private bool TryReadHeader(ReadOnlySpan<byte> payload, JournalIdentity identity)
    {
        if (payload.Length < JournalIdentity.HeaderBytes
            || BinaryPrimitives.ReadUInt16BigEndian(payload) != JournalIdentity.Version
            || !payload.Slice(18, 20).SequenceEqual(identity.SwarmId.AsSpan())
            || BinaryPrimitives.ReadInt32BigEndian(payload[38..]) != identity.PieceCount
            || BinaryPrimitives.ReadInt32BigEndian(payload[42..]) != identity.FileCount)
            return false;
        BootId = new Guid(payload.Slice(2, 16));
        Directory = Encoding.UTF8.GetString(payload[JournalIdentity.HeaderBytes..]);
        return Directory == identity.Directory;
    }

    private void Apply(JournalRecordType type, ReadOnlySpan<byte> payload, long end)
    {
        switch (type)
        {
            case JournalRecordType.Have:
                Bits(payload, Have);
                break;
            case JournalRecordType.Side:
                Bits(payload, Side);
                break;
            case JournalRecordType.Doubted:
                bool[] doubted = new bool[Have.Length];
                Bits(payload, doubted);
                for (int piece = 0; piece < doubted.Length; piece++)
                {
                    if (doubted[piece])
                        ApplyPiece(type, piece, end);
                }
                break;
            case JournalRecordType.Stamp when payload.Length == 20:
                Stamps[BinaryPrimitives.ReadInt32BigEndian(payload)] = new FileStamp(
                    BinaryPrimitives.ReadInt64BigEndian(payload[4..]), BinaryPrimitives.ReadInt64BigEndian(payload[12..]));
                break;
            case JournalRecordType.Synced when payload.Length == 8:
                long position = BinaryPrimitives.ReadInt64BigEndian(payload);
                foreach (int piece in _writtenAt.Where(w => w.Value <= position).Select(w => w.Key).ToArray())
                    _writtenAt.Remove(piece);
                break;
            case JournalRecordType.Opened or JournalRecordType.Written or JournalRecordType.Lost when payload.Length == 4:
                ApplyPiece(type, BinaryPrimitives.ReadInt32BigEndian(payload), end);
                break;
        }
    }

    private void ApplyPiece(JournalRecordType type, int piece, long end)
    {
        _hasHistory = true;
        if ((uint)piece >= (uint)Have.Length)
            return;
        Have[piece] = type == JournalRecordType.Written;
        _ = type == JournalRecordType.Opened ? Open.Add(piece) : Open.Remove(piece);
        _ = type == JournalRecordType.Doubted ? Doubted.Add(piece) : Doubted.Remove(piece);
        if (type == JournalRecordType.Written)
            _writtenAt[piece] = end;
        else
            _writtenAt.Remove(piece);
    }

    private static void Bits(ReadOnlySpan<byte> payload, bool[] flags)
    {
        if (payload.Length < 4)
            return;
        long at = BinaryPrimitives.ReadInt32BigEndian(payload) * 8L;
        foreach (byte bits in payload[4..])
        {
            for (int bit = 7; bit >= 0; bit--, at++)
            {
                if (at >= 0 && at < flags.Length)
                    flags[at] = (bits >> bit & 1) != 0;
            }
        }
    }
}
