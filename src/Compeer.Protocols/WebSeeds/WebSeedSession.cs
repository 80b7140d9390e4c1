using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Torrents;
using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.WebSeeds;

/// <summary>
/// One web seed of one torrent: takes a claim of blocks, tells which part of which file to ask for next, cuts the bytes of
/// the answers into blocks, and knows when to ask again and when never. Single-threaded; bounds are in <see cref="WebSeedOptions"/>.
/// </summary>
/// <remarks>Spec: BEP 19. What it gives is not to be trusted before its hash is checked.</remarks>
public sealed class WebSeedSession
{
    private readonly WebSeedOptions _options;
    private readonly WebSeedLayout _layout;
    private readonly Uri?[] _urls;
    private readonly List<BlockRequest> _blocks = [];
    private readonly List<WebSeedSegment> _segments = [];
    private readonly Queue<BlockRequest> _lost = new();
    private readonly byte[] _block = new byte[BlockRequest.BlockBytes];
    private int _blockLength;    // bytes of the current block in _block
    private int _nextBlock;
    private int _segment;
    private long _segmentDone;
    private long _requestLeft;   // bytes of the request under way that are still to come
    private long _requestBytes;  // bytes that it has brought
    private long _windowBytes;
    private Instant _windowEnd;
    private Instant _claimedAt;
    private long _claimBytes;
    private Instant _retryAt;
    private int _failures;

    public WebSeedSession(WebSeedOptions options, WebSeedLayout layout, Uri url)
    {
        (_options, _layout, Url) = (options, layout, url);
        Metainfo metainfo = layout.Metainfo;
        ClaimBytes = options.FirstClaimBytes;
        Pieces = new PieceSet(metainfo.PieceCount);
        Pieces.AddAll();
        _urls = new Uri?[metainfo.Files.Length];
        foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad && f.Length > 0))
        {
            if (WebSeedUrl.TryBuild(url, metainfo, file, out Uri? found))
                _urls[file.Index] = found;
            else
                GiveUp(file.Index);
        }
        if (Pieces.Count == 0)
            Close("none of the torrent's names can stand in an address");
    }

    /// <summary>The seed's own address.</summary>
    public Uri Url { get; }

    /// <summary>What may be claimed of it: pieces of files that it has not failed to give.</summary>
    public PieceSet Pieces { get; }

    /// <summary>Why nothing more is to be had; null while it may be asked.</summary>
    public string? Closed { get; private set; }

    /// <summary>The last failure, in words; null when there was none since the last success.</summary>
    public WebSeedFailure? Problem { get; private set; }

    /// <summary>It has blocks to fetch.</summary>
    public bool HasClaim => _nextBlock < _blocks.Count;

    /// <summary>A request is under way.</summary>
    public bool IsAsking { get; private set; }

    /// <summary>How many bytes to claim next.</summary>
    public int ClaimBytes { get; private set; }

    /// <summary>When <see cref="OnDeadline"/> is to be called.</summary>
    public Instant NextDeadline => IsAsking ? _windowEnd : Instant.Never;

    /// <summary>It can take a claim.</summary>
    public bool IsReady(Instant now) => Closed is null && !HasClaim && !IsAsking && now >= _retryAt;

    /// <summary>Takes blocks to fetch, in any order; only when <see cref="IsReady"/>.</summary>
    public void Claim(ReadOnlySpan<BlockRequest> blocks, Instant now)
    {
        if (!IsReady(now))
            throw new InvalidOperationException("The web seed is not ready.");
        ForgetClaim();
        foreach (BlockRequest block in blocks)
            _blocks.Add(block);
        _blocks.Sort((a, b) => a.Index != b.Index ? a.Index.CompareTo(b.Index) : a.Begin.CompareTo(b.Begin));
        foreach (BlockRequest block in _blocks)
        {
            _layout.Map(block, _segments);
            _claimBytes += block.Length;
        }
        _claimedAt = now;
    }

    /// <summary>The next part of a file to ask for; false when one is under way or the claim is done. Call <see cref="TryReceive"/> first, with nothing: zeros between files need no request.</summary>
    public bool TryNextRequest(Instant now, [NotNullWhen(true)] out WebSeedRequest? request)
    {
        request = null;
        if (IsAsking || !HasClaim || Closed is not null || _segments[_segment].IsPad)
            return false;
        WebSeedSegment segment = _segments[_segment];
        TorrentFile file = _layout.Metainfo.Files[segment.FileIndex];
        _requestLeft = segment.Length - _segmentDone;
        _requestBytes = 0;
        request = new WebSeedRequest(file.Index, _urls[file.Index]!, segment.Offset + _segmentDone, _requestLeft, file.Length);
        IsAsking = true;
        RestartWindow(now);
        return true;
    }

    /// <summary>Takes bytes of the answer under way and gives a block as soon as one is whole; called until it answers false. What is more than asked for is dropped.</summary>
    public bool TryReceive(ref ReadOnlySpan<byte> data, Instant now, out WebSeedBlock block)
    {
        while (HasClaim)
        {
            BlockRequest current = _blocks[_nextBlock];
            WebSeedSegment segment = _segments[_segment];
            int take = (int)Math.Min(current.Length - _blockLength, segment.Length - _segmentDone);
            ReadOnlySpan<byte> view = default;
            if (segment.IsPad)
            {
                _block.AsSpan(_blockLength, take).Clear();
            }
            else
            {
                take = (int)Math.Min(take, Math.Min(data.Length, IsAsking ? _requestLeft : 0));
                if (take == 0)
                    break;
                ReadOnlySpan<byte> part = data[..take];
                data = data[take..];
                _requestLeft -= take;
                _requestBytes += take;
                _windowBytes += take;
                if (take == current.Length)
                    view = part;
                else
                    part.CopyTo(_block.AsSpan(_blockLength));
            }
            Advance(take, segment);
            if (_blockLength < current.Length)
                continue;
            _blockLength = 0;
            _nextBlock++;
            if (!HasClaim)
                OnClaimDone(now);
            block = new WebSeedBlock { Request = current, Payload = view.IsEmpty ? _block.AsSpan(0, current.Length) : view };
            return true;
        }
        data = default;
        block = default;
        return false;
    }

    /// <summary>The request under way ended, with or without a failure.</summary>
    public void OnEnded(WebSeedFailure? failure, Instant now)
    {
        if (!IsAsking)
            return;
        IsAsking = false;
        // A server may give less than was asked for, as long as it goes on.
        if (_requestLeft > 0 && (failure is not null || _requestBytes == 0))
            Fail(failure ?? new WebSeedFailure(WebSeedFailureKind.BrokenOff, "it sent nothing"), now);
    }

    /// <summary>We ourselves kept it waiting (a rate limit): its slowness is no fault.</summary>
    public void OnThrottled(Instant now)
    {
        if (IsAsking)
            RestartWindow(now);
    }

    /// <summary>Judges its speed; true when the request under way was given up and is to be cancelled.</summary>
    public bool OnDeadline(Instant now)
    {
        if (!IsAsking || now < _windowEnd)
            return false;
        if (_windowBytes >= _options.MinWindowBytes)
        {
            RestartWindow(now);
            return false;
        }
        IsAsking = false;
        Fail(new WebSeedFailure(WebSeedFailureKind.TooSlow, $"it sent {_windowBytes} bytes in {_options.Window.TotalSeconds:0} s"), now);
        return true;
    }

    /// <summary>A block of the claim that it will not give; others may fetch it.</summary>
    public bool TryTakeLost(out BlockRequest block) => _lost.TryDequeue(out block);

    /// <summary>We want nothing of it at present: what is under way is given up, and that is no fault of its.</summary>
    public void Abandon()
    {
        IsAsking = false;
        LoseClaim();
    }

    /// <summary>It is not to be asked again.</summary>
    public void Close(string reason)
    {
        if (Closed is not null)
            return;
        Closed = reason;
        IsAsking = false;
        Pieces.Clear();
        LoseClaim();
    }

    private void Advance(int taken, WebSeedSegment segment)
    {
        _blockLength += taken;
        _segmentDone += taken;
        if (_segmentDone < segment.Length)
            return;
        _segment++;
        _segmentDone = 0;
    }

    private void OnClaimDone(Instant now)
    {
        _failures = 0;
        Problem = null;
        double seconds = Math.Max((now - _claimedAt).TotalSeconds, 0.001);
        double wanted = _claimBytes / seconds * _options.ClaimTime.TotalSeconds;
        // Twice at most: one lucky claim says little.
        ClaimBytes = (int)Math.Clamp(Math.Min(wanted, 2.0 * ClaimBytes), _options.MinClaimBytes, _options.MaxClaimBytes);
    }

    private void Fail(WebSeedFailure failure, Instant now)
    {
        Problem = failure;
        int file = _segments[_segment].FileIndex;
        LoseClaim();
        if (failure.IsPermanent)
        {
            Close(failure.Message);
        }
        else if (failure.IsAboutFile)
        {
            GiveUp(file);
            if (Pieces.Count == 0)
                Close(failure.Message);
        }
        else
        {
            double doubled = _options.FirstWait.TotalSeconds * Math.Pow(2, Math.Min(_failures++, 20));
            TimeSpan wait = TimeSpan.FromSeconds(Math.Min(doubled, _options.MaxWait.TotalSeconds));
            if (failure.RetryAfter is { } wish)
                wait = wish < wait ? wait : wish > _options.MaxRetryAfter ? _options.MaxRetryAfter : wish;
            _retryAt = now + wait;
            ClaimBytes = Math.Max(_options.MinClaimBytes, ClaimBytes / 2);
        }
    }

    /// <summary>Whole pieces are claimed, so what has bytes of this file is not to be had here.</summary>
    private void GiveUp(int fileIndex)
    {
        (int first, int end) = _layout.PiecesOf(_layout.Metainfo.Files[fileIndex]);
        for (int piece = first; piece < end; piece++)
            Pieces.Remove(piece);
    }

    private void LoseClaim()
    {
        for (; _nextBlock < _blocks.Count; _nextBlock++)
            _lost.Enqueue(_blocks[_nextBlock]);
        ForgetClaim();
    }

    private void ForgetClaim()
    {
        _blocks.Clear();
        _segments.Clear();
        (_nextBlock, _segment, _segmentDone, _blockLength, _requestLeft, _claimBytes) = (0, 0, 0, 0, 0, 0);
    }

    private void RestartWindow(Instant now)
    {
        _windowBytes = 0;
        _windowEnd = now + _options.Window;
    }
}
