using Compeer.Formats.Torrents;

namespace Compeer.Content.Torrents;

/// <summary>
/// One file of a torrent, to be read while it is still fetched: a read waits for its piece, which is fetched before all others, as is
/// what follows it. Several may be open at once. Not thread-safe; give a cancellation token where waiting must end, for a piece that
/// nobody has may never come.
/// </summary>
/// <remarks>A read ends at the end of a piece, so it often gives fewer bytes than were asked for. Reads fail with an <see cref="IOException"/> once the torrent is paused, stopped or failed.</remarks>
public sealed class TorrentFileStream : Stream
{
    private readonly TorrentSession _session;
    private readonly FileReader _reader;
    private readonly long _pieceLength;
    private long _position;
    private bool _closed;

    internal TorrentFileStream(TorrentSession session, FileReader reader)
    {
        (_session, _reader) = (session, reader);
        _pieceLength = session.Metainfo!.PieceLength;
    }

    private TorrentFile File => _reader.File;

    public override bool CanRead => !_closed;

    public override bool CanSeek => !_closed;

    public override bool CanWrite => false;

    public override long Length => File.Length;

    /// <summary>Where the next read begins. Nothing is fetched before there is one.</summary>
    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        cancellationToken.ThrowIfCancellationRequested();
        (long piece, long begin) = Math.DivRem(File.Offset + _position, _pieceLength);
        int length = (int)Math.Min(buffer.Length, Math.Min(File.Length - _position, _pieceLength - begin));
        if (length <= 0)
            return 0;
        var read = new FileRead((int)piece, (int)begin, buffer[..length]);
        _session.Post(new TorrentIntent(session => session.Readers.Begin(_reader, read), () => read.Fail("The torrent has ended.")));
        using (cancellationToken.UnsafeRegister(_ => _session.Post(new TorrentIntent(_ => FileReaders.Cancel(_reader, read))), null))
            await read.Answer.Task;
        _position += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Blocks until the piece is here; <see cref="ReadAsync(Memory{byte}, CancellationToken)"/> is better in almost every place.</summary>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("A file of a torrent can only be read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A file of a torrent can only be read.");

    protected override void Dispose(bool disposing)
    {
        if (!_closed)
            _session.Post(new TorrentIntent(session => session.Readers.Close(_reader)));
        _closed = true;
        base.Dispose(disposing);
    }
}
