using Compeer.Protocols.Picking;
using Compeer.Protocols.PeerWire;
using static Compeer.Tests.Picking.PickerTestKit;

namespace Compeer.Tests.Picking;

/// <summary>Random histories against a naive model that recounts everything.</summary>
public class PiecePickerModelTests
{
    private sealed class Peer(int id, PieceSet pieces)
    {
        public int Id => id;
        public PieceSet Pieces => pieces;
        public List<BlockRequest> Asked { get; } = [];
    }

    private sealed class Model
    {
        private readonly Random _random;
        private readonly int[] _lengths;
        private readonly PiecePicker _picker;
        private readonly List<Peer> _peers = [];
        private readonly HashSet<BlockRequest> _received = [];
        private readonly HashSet<int> _complete = [];
        private int _nextId;

        public Model(int seed)
        {
            _random = new Random(seed);
            _lengths = [.. Enumerable.Range(0, _random.Next(1, 200)).Select(_ => _random.Next(1, 6 * Block))];
            var options = new PickerOptions { MaxPartialBytes = (_random.Next(2) == 0 ? 40 : 8192) * Block, FinishFirstBytes = _random.Next(10, 100) * Block };
            _picker = new PiecePicker(options, _lengths.Length, p => _lengths[p], new Random(seed + 1));
        }

        public void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                Step(_random.Next(100));
                if (i % 10 == 0)
                    Check();
            }
            Finish();
        }

        private void Step(int dice)
        {
            int piece = _random.Next(_lengths.Length);
            Peer? peer = _peers.Count == 0 ? null : _peers[_random.Next(_peers.Count)];
            if (dice < 4 || peer is null)
                Join();
            else if (dice < 6)
                Leave(peer);
            else if (dice < 14 && peer.Pieces.Add(piece))
                _picker.PeerGained(piece);
            else if (dice < 15 && peer.Pieces.Remove(piece))
                _picker.PeerLost(piece);
            else if (dice < 18)
                _picker.SetPriority(piece, _random.Next(8));
            else if (dice < 19 && _picker.Have[piece])
                _picker.PieceLost(piece);
            else if (dice < 20)
                _picker.Mode = (PickMode)_random.Next(2);
            else if (dice < 55)
                Pick(peer);
            else if (dice < 60)
                Lose(peer);
            else if (dice < 90)
                Deliver(peer);
            else
                Judge(_random.Next(4) == 0);
        }

        private void Join()
        {
            var pieces = new PieceSet(_lengths.Length);
            int kind = _random.Next(4);
            if (kind == 0)
                pieces.AddAll();
            for (int p = 0; p < _lengths.Length; p++)
            {
                if (_random.Next(3) < kind - 1)
                    pieces.Add(p);
            }
            _peers.Add(new Peer(_nextId++, pieces));
            _picker.PeerJoined(pieces);
        }

        private void Leave(Peer peer)
        {
            _peers.Remove(peer);
            _picker.PeerLeft(peer.Pieces);
            var dropped = new List<int>();
            _picker.PeerGone(peer.Id, dropped);
            _received.RemoveWhere(b => dropped.Contains(b.Index));
            Assert.DoesNotContain(dropped, _complete.Contains);
        }

        private void Pick(Peer peer, bool plain = false)
        {
            var hints = new PickHints
            {
                IsIdle = peer.Asked.Count == 0,
                WantsWholePieces = _random.Next(2) == 0,
                IsSnubbed = !plain && _random.Next(10) == 0,
                IsOnParole = !plain && _random.Next(10) == 0,
            };
            foreach (BlockRequest request in _picker.Take(peer.Id, peer.Pieces, _random.Next(1, 20), hints))
            {
                Assert.True(peer.Pieces[request.Index] && !_picker.Have[request.Index] && _picker.PriorityOf(request.Index) > 0);
                Assert.DoesNotContain(request, _received);
                Assert.DoesNotContain(request, peer.Asked);
                int askers = _peers.Count(p => p.Asked.Contains(request));
                // Twice only in the end game, and then from an idle peer.
                Assert.True(askers == 0 || (askers == 1 && hints.IsIdle && NothingFree()), $"{request} was asked for {askers} times");
                peer.Asked.Add(request);
            }
        }

        private bool NothingFree() => Enumerable.Range(0, _lengths.Length).All(p => _picker.Have[p] || _picker.PriorityOf(p) == 0
            || Blocks(p).All(b => _received.Contains(b) || _peers.Any(peer => peer.Asked.Contains(b))));

        private void Lose(Peer peer)
        {
            for (int n = _random.Next(3) == 0 ? peer.Asked.Count : Math.Min(1, peer.Asked.Count); n > 0; n--)
            {
                _picker.OnRequestLost(peer.Id, peer.Asked[0]);
                peer.Asked.RemoveAt(0);
            }
            CountPartials();
        }

        private void Deliver(Peer peer)
        {
            for (int n = _random.Next(1, 12); n > 0 && peer.Asked.Count > 0; n--)
            {
                BlockRequest block = peer.Asked[_random.Next(peer.Asked.Count)];
                peer.Asked.Remove(block);
                int[] others = [.. _peers.Where(p => p.Asked.Contains(block)).Select(p => p.Id)];
                (BlockOutcome outcome, int cancelAt) = _picker.Arrives(peer.Id, block);
                Assert.Equal(others.FirstOrDefault(-1), cancelAt);
                foreach (Peer other in _peers)
                    other.Asked.Remove(block);
                Assert.True(_received.Add(block));
                bool complete = Blocks(block.Index).All(_received.Contains);
                Assert.Equal(complete ? BlockOutcome.PieceComplete : BlockOutcome.Accepted, outcome);
                if (complete)
                    _complete.Add(block.Index);
            }
        }

        private void Judge(bool fail)
        {
            if (_complete.Count == 0)
                return;
            int piece = _complete.Min();
            _complete.Remove(piece);
            _received.RemoveWhere(b => b.Index == piece);
            if (fail)
                _picker.PieceFailed(piece, fromOnePeer: _random.Next(2) == 0);
            else
                _picker.PieceVerified(piece);
        }

        private void CountPartials() => Assert.Equal(_received.Select(b => b.Index).Concat(_peers.SelectMany(p => p.Asked).Select(b => b.Index))
            .Distinct().Count(), _picker.PartialCount);

        private IEnumerable<BlockRequest> Blocks(int piece) =>
            Enumerable.Range(0, (_lengths[piece] + Block - 1) / Block).Select(b => new BlockRequest(piece, b * Block, Math.Min(Block, _lengths[piece] - b * Block)));

        private void Check()
        {
            List<BlockRequest> asked = [.. _peers.SelectMany(p => p.Asked)];
            List<BlockRequest> inFlight = [.. asked.Distinct()];
            Assert.Equal(inFlight.Count, _picker.InFlightBlocks);
            Assert.Equal(inFlight.Sum(b => (long)b.Length), _picker.InFlightBytes);
            Assert.Equal(asked.Count - inFlight.Count, _picker.DoubledBlocks);
            CountPartials();
            long left = 0;
            int pieces = 0;
            for (int p = 0; p < _lengths.Length; p++)
            {
                Assert.Equal(_peers.Count(peer => peer.Pieces[p]), _picker.Availability(p));
                if (_picker.Have[p] || _picker.PriorityOf(p) == 0)
                    continue;
                pieces++;
                left += _lengths[p] - _received.Where(b => b.Index == p).Sum(b => (long)b.Length);
            }
            Assert.Equal((pieces, left), (_picker.MissingCount, _picker.WantedBytesLeft));
            Assert.Equal(pieces == 0, _picker.IsComplete);
        }

        /// <summary>With one seed among the peers every wanted piece is finished, whatever went before.</summary>
        private void Finish()
        {
            var seed = new Peer(_nextId++, All(_lengths.Length));
            _peers.Add(seed);
            _picker.PeerJoined(seed.Pieces);
            for (int round = 0; !_picker.IsComplete; round++)
            {
                Assert.True(round < 10_000, "stalled");
                foreach (Peer peer in _peers)
                {
                    Pick(peer, plain: true);
                    Deliver(peer);
                }
                if (_picker.IsAtPartialLimit && _picker.TryDropPartial(out int dropped))
                    _received.RemoveWhere(b => b.Index == dropped);
                Judge(false);
            }
            Check();
        }
    }

    [Fact]
    public void Random_histories_agree_with_the_model()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            try
            {
                new Model(seed).Run(800);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }
}
