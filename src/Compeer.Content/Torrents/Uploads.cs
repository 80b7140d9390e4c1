using Compeer.Content.Storage;
using Compeer.Network.Connections;
using Compeer.Protocols;
using Compeer.Protocols.Choking;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>The giving half of a torrent's loop: decides whom to serve, reads blocks in large batches and sends them.</summary>
internal sealed class Uploads
{
    /// <summary>Buffers of one peer that may be read or sent at once.</summary>
    public const int BuffersInFlight = 2;
    private const int AllowedFastPieces = 5;

    private readonly TorrentSession _session;
    private readonly ChokerOptions _options;
    private readonly LeechChoker _leech;
    private readonly SeedChoker _seed;
    private readonly List<int> _satisfied = [];
    private SuperSeeding? _superSeeding;
    private Instant _nextRound;
    private int _turn;

    public Uploads(TorrentSession session)
    {
        _session = session;
        _options = new ChokerOptions { Slots = session.Services.Options.UploadSlots };
        _leech = new LeechChoker(_options);
        _seed = new SeedChoker(_options);
    }

    private bool IsLimited => _session.UpLimit.BytesPerSecond > 0;

    /// <summary>Tells a new peer what we have.</summary>
    public void SendPieces(PeerLink link)
    {
        PieceSet have = _session.Downloads.Picker.Have;
        if (_session.Settings.SuperSeeding && have.IsComplete)
        {
            _superSeeding ??= new SuperSeeding(have.Length, _session.Random);
            link.Wire.SendHaveNone();
            return;
        }
        link.Wire.SendPieces(have);
        if (!link.Wire.HasFast || have.Count == 0)
            return;
        foreach (int piece in AllowedFastSet.Generate(link.Address, _session.InfoHashes.Truncated, have.Length, AllowedFastPieces))
        {
            if (have[piece])
                link.Wire.SendAllowedFast(piece);
        }
    }

    public void OnPieces(PeerLink link, in PeerEvent happened)
    {
        if (_superSeeding is null || link.Wire.RemotePieces is not { } pieces)
            return;
        if (_superSeeding.Current(link.Slot) < 0)
            Show(link, pieces);
        if (happened.Kind != PeerEventKind.Have)
            return;
        _satisfied.Clear();
        _superSeeding.OnHave(link.Slot, happened.Index, _satisfied);
        // With one peer only, nobody can pass anything on.
        if (_session.Links.Count == 1 && _superSeeding.Current(link.Slot) == happened.Index && !_satisfied.Contains(link.Slot))
            _satisfied.Add(link.Slot);
        foreach (int slot in _satisfied)
        {
            if (_session.Links.TryGetValue(slot, out PeerLink? other) && other.Wire.RemotePieces is { } others)
                Show(other, others);
        }
    }

    /// <summary>Who becomes interested while slots are free need not wait for the round.</summary>
    public void OnInterest(PeerLink link)
    {
        if (!link.Wire.PeerInterested || !link.Wire.AmChoking || !_session.Content.IsOpen)
            return;
        bool isWelcome = _session.Phase == TorrentPhase.Seeding || _leech.MayServeAtOnce(link.Slot);
        if (isWelcome && _session.Links.Values.Count(l => !l.Wire.AmChoking) < _options.Slots)
            Unchoke(link);
    }

    public void OnSent(PeerLink link, int payloadBytes)
    {
        link.UploadsInFlight--;
        link.Up.Add(payloadBytes);
        _session.Up.Add(payloadBytes);
        link.SentInTurn += payloadBytes;
        link.Wire.OnPayloadSent(_session.Now);
        _session.MarkDirty(link);
    }

    public void OnFailed(UploadFailed failed)
    {
        failed.Link.UploadsInFlight--;
        foreach (BlockRequest request in failed.Batch.Requests)
            failed.Link.Wire.SendReject(request);
        failed.Batch.Clear();
        _session.MarkDirty(failed.Link);
        if (failed.Reason.Failure == StorageFailure.Changed)
            _session.Content.OnFileChanged(failed.Reason);
        else
            _session.Tell(new TorrentProblem(failed.Reason.Message));
    }

    public void OnGone(PeerLink link)
    {
        _superSeeding?.PeerGone(link.Slot);
        if (!link.Wire.AmChoking)
            _nextRound = _session.Now;
    }

    public void Flush(PeerLink link)
    {
        if (IsLimited)
            ServeInTurn();
        else
            while (link.UploadsInFlight < BuffersInFlight && TrySend(link, TransferBufferPool.BlocksPerLarge))
                continue;
    }

    public void OnTick(bool second)
    {
        if (!_session.Content.IsOpen)
            return;
        if (second && _session.Now >= _nextRound)
            Rechoke();
        if (IsLimited)
            ServeInTurn();
    }

    /// <summary>Under a limit everybody gets a little in turn while the limit lasts: a block, or a 64th of a second's worth.</summary>
    private void ServeInTurn()
    {
        if (_session.UpLimit.Available(_session.Now) <= 0)
            return;
        int blocks = (int)Math.Clamp(_session.UpLimit.BytesPerSecond / 64 / BlockRequest.BlockBytes, 1, TransferBufferPool.BlocksPerLarge);
        PeerLink[] served = [.. _session.Links.Values.Where(l => l.Wire.IncomingRequests > 0 && !l.IsClosed)];
        int idle = 0;
        while (served.Length > 0 && idle < served.Length && _session.UpLimit.Available(_session.Now) > 0)
        {
            PeerLink link = served[_turn++ % served.Length];
            bool sent = link.UploadsInFlight < BuffersInFlight && TrySend(link, blocks);
            idle = sent ? 0 : idle + 1;
        }
    }

    private void Rechoke()
    {
        _nextRound = _session.Now + _options.Round;
        ChokeCandidate[] candidates = [.. _session.Links.Values.Select(l => new ChokeCandidate
        {
            Peer = l.Slot,
            IsInterested = l.Wire.PeerInterested,
            IsInteresting = l.Wire.AmInterested,
            IsUnchoked = !l.Wire.AmChoking,
            ReceivedInRound = l.ReceivedInRound,
            SentInTurn = l.SentInTurn,
            UnchokedAt = l.ChokeChangedAt,
            ChokedAt = l.ChokeChangedAt,
            IsSnubbing = l.IsSnubbed,
        })];
        HashSet<int> served = _session.Phase == TorrentPhase.Seeding
            ? _seed.Rechoke(candidates, _session.Metainfo!.PieceLength, _session.Now)
            : _leech.Rechoke(candidates, _session.Now);
        foreach (PeerLink link in _session.Links.Values)
        {
            link.ReceivedInRound = 0;
            if (served.Contains(link.Slot))
                Unchoke(link);
            else
                Choke(link);
        }
    }

    private void Unchoke(PeerLink link)
    {
        if (!link.Wire.AmChoking)
            return;
        link.Wire.Unchoke();
        link.ChokeChangedAt = _session.Now;
        link.SentInTurn = 0;
        _session.MarkDirty(link);
    }

    private void Choke(PeerLink link)
    {
        if (link.Wire.AmChoking)
            return;
        link.Wire.Choke();
        link.ChokeChangedAt = _session.Now;
        _session.MarkDirty(link);
    }

    private void Show(PeerLink link, PieceSet pieces)
    {
        int piece = _superSeeding!.Next(link.Slot, pieces, _session.Downloads.Picker.Availability);
        if (piece >= 0)
            link.Wire.SendHave(piece);
        _session.MarkDirty(link);
    }

    /// <summary>Takes the peer's next requests as one batch, and lets a disk worker frame them into one buffer.</summary>
    private bool TrySend(PeerLink link, int maxBlocks)
    {
        if (!_session.Content.IsOpen || !link.Wire.TryPeekUpload(out _))
            return false;
        PieceSet have = _session.Downloads.Picker.Have;
        UploadBatch batch = link.FreeBatch(_session);
        while (batch.Requests.Count < maxBlocks && link.Wire.TryPeekUpload(out BlockRequest next) && batch.HasRoomFor(next))
        {
            link.Wire.TryTakeUpload(out _);
            if (have[next.Index])
                batch.Add(next);
            else
                link.Wire.SendReject(next);
        }
        if (batch.Requests.Count == 0)
            return false;
        _session.UpLimit.Take(batch.LengthBytes, _session.Now);
        link.UploadsInFlight++;
        batch.Start();
        return true;
    }
}
