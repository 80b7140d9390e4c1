using System.Net;
using Compeer.Content.Hashing;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;
using Compeer.Protocols.Trust;

namespace Compeer.Content.Torrents;

/// <summary>The fetching half of a torrent's loop: asks, assembles, has pieces verified and written, and judges who sent them.</summary>
internal sealed partial class Downloads(TorrentSession session) : IHashedPieceTaker
{
    private const int MaxPicksPerFlush = 256;
    private const int MaxRememberedPeers = 10_000;
    private const int BlocksInTurn = 2;
    private const int MaxTurns = 16;

    private static readonly TimeSpan SnubAfter = TimeSpan.FromSeconds(20);

    private readonly Dictionary<int, PieceInProgress> _pieces = [];
    private readonly Dictionary<int, (IPAddress Address, string Client)> _known = [];
    private readonly PeerTrust _trust = new();
    private BlockRequest[] _picked = [];
    private readonly List<int> _liars = [];
    private readonly List<int> _dropped = [];
    private readonly List<BlockRequest> _givenUp = [];
    private readonly HashSet<int> _due = [];
    private PiecePicker? _picker;

    public PiecePicker Picker => _picker ?? throw new InvalidOperationException("The pieces are not known.");

    private Metainfo Metainfo => session.Metainfo!;

    private PickMode Mode => session.Settings.Sequential ? PickMode.Sequential : PickMode.RarestFirst;

    /// <summary>Pieces are wanted, and not too many wait to be hashed and written.</summary>
    public bool MayAsk => IsActive && _backlogBytes <= session.Services.Options.MaxBacklogBytes;

    /// <summary>No piece is being fetched, hashed or written.</summary>
    public bool IsSettled => _backlogBytes == 0 && _unwritten.Count == 0 && _pieces.Count == 0;

    /// <summary>No piece is being hashed or written.</summary>
    public bool IsDrained => _backlogBytes == 0;

    private bool IsActive => _picker is not null && session.Phase == TorrentPhase.Downloading;

    /// <summary>The pieces are known, and which of them are here.</summary>
    public void Begin(Metainfo metainfo, FileSelection selection, bool[] have)
    {
        _picker = new PiecePicker(session.Services.Options.Picker, metainfo.PieceCount, metainfo.DataLengthAt, session.Random)
        {
            Mode = Mode,
            Shares = new PieceShares(session.Services.PeerId),
        };
        for (int piece = 0; piece < metainfo.PieceCount; piece++)
        {
            _picker.SetPriority(piece, selection[piece]);
            if (have[piece])
                _picker.PieceVerified(piece);
        }
        foreach (PeerLink link in session.Links.Values)
            CountPieces(link);
        session.WebSeeds.Begin();
    }

    /// <summary>Other pieces are wanted, or in another order; what was here of pieces that are wanted no more is given up.</summary>
    public void Select(FileSelection selection)
    {
        Picker.Mode = Mode;
        for (int piece = 0; piece < Metainfo.PieceCount; piece++)
        {
            Picker.SetPriority(piece, selection[piece]);
            if (selection[piece] > 0 || StateOf(piece) is not (PieceState.Requested or PieceState.Partial))
                continue;
            Picker.PieceFailed(piece, fromOnePeer: false);
            if (_pieces.Remove(piece, out PieceInProgress? dropped))
                dropped.Release();
        }
    }

    /// <summary>What is wanted changed: there may be something to fetch now, or nothing more.</summary>
    public void OnSelected()
    {
        if (Picker.IsComplete && session.Phase == TorrentPhase.Downloading)
            session.OnComplete();
        else if (!Picker.IsComplete && session.Phase == TorrentPhase.Seeding)
            session.OnIncomplete();
        session.MarkAllDirty();
    }

    /// <summary>The first check is over.</summary>
    public void OnOpened()
    {
        foreach (PeerLink link in session.Links.Values)
        {
            for (int piece = 0; piece < Metainfo.PieceCount; piece++)
            {
                if (Picker.Have[piece])
                    link.Wire.SendHave(piece);
            }
        }
        session.SetPhase(TorrentPhase.Downloading);
        if (Picker.IsComplete)
            session.OnComplete();
        session.MarkAllDirty();
    }

    public void OnPieces(PeerLink link, in PeerEvent happened)
    {
        if (_picker is null || link.Wire.RemotePieces is not { } pieces)
            return;
        if (happened.Kind == PeerEventKind.DontHave)
            TakeLost(link);
        if (happened.Kind == PeerEventKind.Pieces)
            CountPieces(link);
        else if (!link.IsCounted && !pieces.IsComplete)
            CountPieces(link);
        else if (link.IsCounted && happened.Kind == PeerEventKind.Have)
            Picker.PeerGained(happened.Index);
        else if (link.IsCounted)
            Picker.PeerLost(happened.Index);
        if (session.Phase == TorrentPhase.Seeding && pieces.IsComplete)
            Peers.Drop(link, "both sides have everything");
    }

    /// <summary>A block came in a buffer.</summary>
    public void OnBlock(PeerLink link, in PeerEvent block, TransferBuffer received)
    {
        link.Down.Add(block.Length);
        session.Down.Add(block.Length);
        if (_picker is null || !Picker.IsWanted(block.Index))
            return;
        link.ReceivedInRound += block.Length;
        link.LastBlock = session.Now;
        link.IsSnubbed = false;
        link.GrowQueue();
        Put(link.Slot, new BlockRequest(block.Index, block.Begin, block.Length), block.Payload, received);
    }

    /// <summary>A block from a source that is no peer.</summary>
    public void OnBlock(int source, BlockRequest block, ReadOnlySpan<byte> payload, TransferBuffer? received)
    {
        session.Down.Add(block.Length);
        if (_picker is not null && Picker.IsWanted(block.Index))
            Put(source, block, payload, received);
    }

    private void Put(int source, BlockRequest block, ReadOnlySpan<byte> payload, TransferBuffer? received)
    {
        BlockOutcome outcome = Picker.OnBlock(source, block.Index, block.Begin, block.Length, out int cancelAt);
        if (cancelAt >= 0 && session.Links.TryGetValue(cancelAt, out PeerLink? other))
        {
            other.Wire.Cancel(block);
            session.MarkDirty(other);
        }
        if (outcome == BlockOutcome.Duplicate)
            return;
        if (!_pieces.TryGetValue(block.Index, out PieceInProgress? piece))
            _pieces[block.Index] = piece = new PieceInProgress(block.Index, Metainfo.DataLengthAt(block.Index));
        piece.Put(block.Begin, payload, received, session.Services.Buffers);
        if (outcome == BlockOutcome.PieceComplete)
            Verify(piece);
    }

    public void OnChoked(PeerLink link)
    {
        TakeLost(link);
        session.MarkAllDirty();
    }

    private void TakeLost(PeerLink link)
    {
        while (link.Wire.TryTakeLost(out BlockRequest lost))
            _picker?.OnRequestLost(link.Slot, lost);
    }

    public void OnRejected(PeerLink link, BlockRequest request)
    {
        _picker?.OnRequestLost(link.Slot, request);
        session.MarkAllDirty();
    }

    public void OnGone(PeerLink link)
    {
        if (_picker is null)
            return;
        if (link.IsCounted)
            Picker.PeerLeft(link.Wire.RemotePieces!);
        OnSourceStopped(link.Slot);
        if (_known.Count < MaxRememberedPeers)
            _known[link.Slot] = (link.Address, link.ClientName);
    }

    /// <summary>A source will not send anything more that it was asked for.</summary>
    public void OnSourceStopped(int source)
    {
        Picker.PeerGone(source, _dropped);
        foreach (int piece in _dropped)
        {
            if (_pieces.Remove(piece, out PieceInProgress? dropped))
                dropped.Release();
        }
        _dropped.Clear();
    }

    /// <summary>
    /// Somebody waits for pieces that were not their turn: takes back whatever else is asked for and may come later, and asks for what
    /// is due, of one peer after the other a little, so that they share it.
    /// </summary>
    public void Hurry()
    {
        if (!IsActive)
            return;
        _due.Clear();
        Picker.CopyDue(session.Now, _due);
        foreach (PeerLink link in session.Links.Values)
            GiveUp(link);
        for (int turn = 0; turn < MaxTurns; turn++)
        {
            foreach (PeerLink link in session.Links.Values)
                Flush(link, BlocksInTurn);
        }
        session.MarkAllDirty();
    }

    /// <summary>Asks for as much as keeps the peer busy.</summary>
    public void Flush(PeerLink link, int most = MaxPicksPerFlush)
    {
        if (!IsActive || link.Wire.RemotePieces is not { } pieces)
            return;
        if (!link.Wire.AmInterested && Picker.IsInteresting(pieces))
            link.Wire.SetInterested(true);
        IReadOnlySet<int>? only = null;
        if (link.Wire.PeerChoking)
        {
            only = link.Wire.AllowedFast;
            if (only.Count == 0)
                return;
        }
        if (!link.Wire.AmInterested || !MayAsk)
            return;
        int target = link.IsSnubbed ? 1 : Math.Min(link.TargetQueue, link.Wire.MaxOutstanding);
        int room = target - link.Wire.Outstanding;
        // Small top-ups would cost a message each; let a quarter of the queue drain first.
        if (room <= 0 || (room < target / 4 && link.Wire.Outstanding > 0 && target >= 16))
            return;
        if (link.Wire.Outstanding == 0)
            link.LastBlock = session.Now;
        var hints = new PickHints
        {
            IsSnubbed = link.IsSnubbed,
            IsOnParole = _trust.IsOnParole(link.Slot),
            WantsWholePieces = link.Down.BytesPerSecond * 20 >= Metainfo.PieceLength,
            Only = only,
            IsIdle = link.Wire.Outstanding == 0,
        };
        if (_picked.Length == 0)
            _picked = new BlockRequest[MaxPicksPerFlush]; // thousands of torrents never ask for anything
        int count = Picker.Pick(link.Slot, pieces, hints, session.Now, _picked.AsSpan(0, Math.Min(room, most)));
        for (int i = 0; i < count; i++)
        {
            if (!link.Wire.Request(_picked[i]))
                Picker.OnRequestLost(link.Slot, _picked[i]);
        }
    }

    public void OnTick(bool second)
    {
        if (_unwritten.Count > 0 && session.Now >= _nextRetry)
            RetryWrites();
        if (!second || !IsActive)
            return;
        Picker.Shares?.SetOthers(session.Links.Values.Where(l => l.Wire.RemotePieces is { IsComplete: false }).Select(l => l.Wire.Theirs.PeerId));
        foreach (PeerLink link in session.Links.Values)
        {
            if (link.Wire.Outstanding > 0 && !link.IsSnubbed && session.Now - link.LastBlock > SnubAfter)
                Snub(link);
            if (link.Wire.AmInterested && link.Wire.RemotePieces is { } pieces && !Picker.IsInteresting(pieces))
                link.Wire.SetInterested(false);
        }
    }

    /// <summary>How far a piece is.</summary>
    public PieceState StateOf(int piece)
    {
        if (Picker.Have[piece])
            return PieceState.Verified;
        if (!Picker.IsPartial(piece))
            return Picker.IsWanted(piece) ? PieceState.Missing : PieceState.Unwanted;
        ReadOnlySpan<int> sources = Picker.SourcesOf(piece);
        return !sources.Contains(-1) ? PieceState.Verifying
            : sources.ContainsAnyExcept(-1) ? PieceState.Partial
            : PieceState.Requested;
    }

    /// <summary>A piece counts now: whoever lacks it is told.</summary>
    public void OnVerified(int piece)
    {
        Picker.PieceVerified(piece);
        session.OnVerified(piece);
        if (!session.Content.IsOpen)
            return;
        foreach (PeerLink link in session.Links.Values)
        {
            if (link.Wire.RemotePieces?[piece] == true)
                continue;
            link.Wire.SendHave(piece);
            session.MarkDirty(link);
        }
        if (Picker.IsComplete && session.Phase == TorrentPhase.Downloading)
            session.OnComplete();
    }

    /// <summary>A piece counts no more.</summary>
    public void OnLost(int piece)
    {
        Picker.PieceLost(piece);
        foreach (PeerLink link in session.Links.Values)
            link.Wire.SendDontHave(piece);
        if (session.Phase == TorrentPhase.Seeding && !Picker.IsComplete)
            session.OnIncomplete();
        session.MarkAllDirty();
    }

    /// <summary>The hashes of a corrupt piece's blocks are known: whoever sent a block that differs lied.</summary>
    public void OnTrueLeaves(int piece, ReadOnlySpan<Sha256Hash> right, ReadOnlySpan<Sha256Hash> sent, int[] sources)
    {
        bool[] wrong = new bool[sources.Length];
        for (int i = 0; i < wrong.Length; i++)
            wrong[i] = right[i] != sent[i];
        _liars.Clear();
        _trust.OnFailed(piece, sources, [], wrong, _liars);
        Convict(_liars, $"it sent wrong data in piece {piece}, shown by the block's own hash");
    }

    /// <summary>The content is closed: what was here of pieces in progress is given up.</summary>
    public void Release()
    {
        foreach (PieceInProgress piece in _pieces.Values)
            piece.Release();
        _pieces.Clear();
    }

    private void CountPieces(PeerLink link)
    {
        if (link.IsCounted || link.Wire.RemotePieces is not { Count: > 0, IsComplete: false } pieces)
            return;
        link.IsCounted = true;
        Picker.PeerJoined(pieces);
    }

    private void Snub(PeerLink link)
    {
        link.IsSnubbed = true;
        _due.Clear();
        GiveUp(link);
        session.MarkAllDirty();
    }

    /// <summary>Takes back what a peer was asked for, but for what is due.</summary>
    private void GiveUp(PeerLink link)
    {
        link.Wire.CancelAllBut(_due, _givenUp);
        foreach (BlockRequest request in _givenUp)
            Picker.OnRequestLost(link.Slot, request);
        _givenUp.Clear();
    }

    private void Convict(List<int> liars, string reason)
    {
        foreach (int slot in liars.ToArray())
        {
            if (session.WebSeeds.TryBan(slot, reason))
                continue;
            if (session.Links.TryGetValue(slot, out PeerLink? link))
                session.Peers.Ban(link, link.Address, reason);
            else if (_known.TryGetValue(slot, out (IPAddress Address, string Client) gone))
                session.Peers.Ban(null, gone.Address, reason);
        }
    }
}
