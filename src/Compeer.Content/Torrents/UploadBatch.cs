using Compeer.Content.Storage;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// Requests of one peer that a disk worker reads into one buffer and sends. Used again and again: the loop fills it, the
/// worker empties it once the buffer is queued, and what could not be read goes back to the loop in it.
/// </summary>
internal sealed class UploadBatch
{
    private readonly TorrentSession _session;
    private readonly PeerLink _link;
    private readonly Action _read;
    private readonly List<Memory<byte>> _run = new(TransferBufferPool.BlocksPerLarge);
    private volatile bool _isBusy;

    public UploadBatch(TorrentSession session, PeerLink link)
    {
        (_session, _link) = (session, link);
        _read = Read;
    }

    /// <summary>The loop may fill it.</summary>
    public bool IsFree => !_isBusy;

    public List<BlockRequest> Requests { get; } = new(TransferBufferPool.BlocksPerLarge);

    /// <summary>Bytes of the blocks with their headers.</summary>
    public int LengthBytes { get; private set; }

    public bool HasRoomFor(BlockRequest request) => LengthBytes + PeerMessageWriter.PieceHeaderBytes + request.Length <= TransferBufferPool.LargeBytes;

    public void Add(BlockRequest request)
    {
        Requests.Add(request);
        LengthBytes += PeerMessageWriter.PieceHeaderBytes + request.Length;
    }

    /// <summary>Gives it to a disk worker.</summary>
    public void Start()
    {
        _isBusy = true;
        _session.BeginRead();
        _session.Services.Disk.TryEnqueue(_read);
    }

    public void Clear()
    {
        Requests.Clear();
        _run.Clear(); // or it would hold the buffer of a peer that asks no more
        LengthBytes = 0;
        _isBusy = false;
    }

    private void Read()
    {
        TransferBuffer buffer = _session.Services.Buffers.Rent(LengthBytes);
        try
        {
            for (int i = 0; i < Requests.Count;)
                i = ReadRun(buffer, i);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            buffer.Return();
            _session.EndRead();
            _session.Post(new UploadFailed(_link, this, StorageException.From(e, -1, _session.Settings.Directory)));
            return;
        }
        Clear();
        _session.EndRead();
        _link.Connection.Send(buffer);
    }

    /// <summary>Reads blocks that follow one another in their piece at once; the number of the first that does not.</summary>
    private int ReadRun(TransferBuffer buffer, int i)
    {
        BlockRequest first = Requests[i];
        int end = first.Begin;
        _run.Clear();
        for (; i < Requests.Count && Requests[i].Index == first.Index && Requests[i].Begin == end; i++)
        {
            BlockRequest next = Requests[i];
            PeerMessageWriter.PieceHeader(buffer.Array.AsSpan(buffer.Length), next);
            _run.Add(buffer.Array.AsMemory(buffer.Length + PeerMessageWriter.PieceHeaderBytes, next.Length));
            buffer.Length += PeerMessageWriter.PieceHeaderBytes + next.Length;
            buffer.PayloadBytes += next.Length;
            end += next.Length;
        }
        _session.Content.Storage.Read(first.Index, first.Begin, _run);
        return i;
    }
}
