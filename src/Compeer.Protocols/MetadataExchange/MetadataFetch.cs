using System.Security.Cryptography;
using Compeer.Formats.Torrents;

namespace Compeer.Protocols.MetadataExchange;

/// <summary>How a fetch stands.</summary>
public enum MetadataFetchState
{
    /// <summary>Pieces are missing.</summary>
    Running,

    /// <summary>All pieces are here and match the info-hash.</summary>
    Complete,

    /// <summary>The peer refused, or has none.</summary>
    Refused,

    /// <summary>All pieces came and do not match: this peer lied.</summary>
    Forged,
}

/// <summary>
/// Fetches an info dictionary from one peer alone, so that a wrong one has exactly one author. Single-threaded.
/// Memory: at most <see cref="MaxBytes"/>, grown only by bytes received.
/// </summary>
/// <remarks>Spec: BEP 9.</remarks>
public sealed class MetadataFetch
{
    /// <summary>Bytes of a metadata piece.</summary>
    public const int PieceBytes = 16 * 1024;

    /// <summary>Largest info dictionary accepted.</summary>
    public const int MaxBytes = 16 << 20;

    private const int MaxOutstanding = 8;

    private readonly InfoHashes _expected;
    private readonly int _lengthBytes;
    private readonly byte[]?[] _pieces;
    private int _nextRequest;
    private int _received;

    private MetadataFetch(InfoHashes expected, int lengthBytes, Instant now)
    {
        _expected = expected;
        _lengthBytes = lengthBytes;
        _pieces = new byte[]?[(lengthBytes + PieceBytes - 1) / PieceBytes];
        LastProgress = now;
    }

    /// <summary>How it stands.</summary>
    public MetadataFetchState State { get; private set; }

    /// <summary>When the last piece came; the owner gives up on a peer that stalls.</summary>
    public Instant LastProgress { get; private set; }

    /// <summary>The info dictionary, once complete.</summary>
    public ReadOnlyMemory<byte> Info { get; private set; }

    /// <summary>Begins a fetch of the size that the peer announced; null when that size is absurd.</summary>
    public static MetadataFetch? Begin(InfoHashes expected, long announcedBytes, Instant now) =>
        announcedBytes is > 0 and <= MaxBytes ? new MetadataFetch(expected, (int)announcedBytes, now) : null;

    /// <summary>The next piece to ask for, while few are outstanding.</summary>
    public bool TryNextRequest(out int piece)
    {
        piece = _nextRequest;
        if (State != MetadataFetchState.Running || _nextRequest == _pieces.Length || _nextRequest - _received >= MaxOutstanding)
            return false;
        _nextRequest++;
        return true;
    }

    /// <summary>A piece arrived; one that was not asked for or has a wrong length ends the fetch.</summary>
    public void OnData(int piece, ReadOnlySpan<byte> data, Instant now)
    {
        if (State != MetadataFetchState.Running)
            return;
        if ((uint)piece >= (uint)_nextRequest || data.Length != Math.Min(PieceBytes, _lengthBytes - piece * PieceBytes))
        {
            State = MetadataFetchState.Forged;
            return;
        }
        if (_pieces[piece] is not null)
            return;
        _pieces[piece] = data.ToArray();
        LastProgress = now;
        if (++_received == _pieces.Length)
            Finish();
    }

    /// <summary>The peer has it not, or will not send it.</summary>
    public void OnReject()
    {
        if (State == MetadataFetchState.Running)
            State = MetadataFetchState.Refused;
    }

    private void Finish()
    {
        byte[] whole = new byte[_lengthBytes];
        for (int i = 0; i < _pieces.Length; i++)
        {
            _pieces[i]!.CopyTo(whole, i * PieceBytes);
            _pieces[i] = null;
        }
        bool matches = (_expected.V1 is not { } v1 || v1.AsSpan().SequenceEqual(SHA1.HashData(whole)))
            && (_expected.V2 is not { } v2 || v2.AsSpan().SequenceEqual(SHA256.HashData(whole)));
        State = matches ? MetadataFetchState.Complete : MetadataFetchState.Forged;
        if (matches)
            Info = whole;
    }
}
