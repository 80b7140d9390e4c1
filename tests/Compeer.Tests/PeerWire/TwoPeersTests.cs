using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Compeer.Protocols.MetadataExchange;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>Two sessions joined in memory carry a whole torrent, with bytes cut at random and chokes in between.</summary>
public class TwoPeersTests
{
    [Theory]
    [InlineData("both modern", WireSession.All, 1)]
    [InlineData("both modern, other cuts", WireSession.All, 2)]
    [InlineData("without the fast extension", ReservedBits.Extensions, 3)]
    [InlineData("without any extension", ReservedBits.None, 4)]
    public void A_torrent_crosses(string name, ReservedBits leecherSpeaks, int seed)
    {
        var random = new Random(seed);
        var seedSide = new Peer(WireSession.All, leecherSpeaks, isSeed: true);
        var leechSide = new Peer(leecherSpeaks, WireSession.All, isSeed: false);
        for (int round = 0; round < 10_000 && !leechSide.Have.IsComplete; round++)
        {
            leechSide.Want(random);
            seedSide.Serve(random);
            Carry(leechSide, seedSide, random);
            Carry(seedSide, leechSide, random);
        }
        Assert.True(leechSide.Have.IsComplete, $"{name}: {leechSide.Have.Count} pieces, {leechSide.Session.Closed}, {seedSide.Session.Closed}");
        Assert.Equal(seedSide.ContentHash(), leechSide.ContentHash());
        Assert.True(seedSide.Chokes > 3, "the seed choked while blocks were asked for");
        Carry(leechSide, seedSide, random);
        Assert.True(seedSide.Session.RemotePieces!.IsComplete, "the seed heard of each piece");
        Assert.Equal(0, leechSide.Session.Outstanding);
        Assert.Null(leechSide.Session.Closed);
        Assert.Null(seedSide.Session.Closed);
    }

    [Fact]
    public void Metadata_crosses_and_is_believed_only_when_it_matches()
    {
        byte[] info = WireBytes.Content(3, 0, 40_000);
        PeerWireSession giver = WireSession.New();
        PeerWireSession taker = WireSession.Magnet();
        giver.SendExtensions(6881, info.Length, true, IPAddress.Loopback);
        taker.SendExtensions(6882, 0, false, IPAddress.Loopback);
        taker.FeedAt(0, giver.Sent());
        giver.FeedAt(0, taker.Sent());
        MetadataFetch fetch = MetadataFetch.Begin(
            new Compeer.Formats.Torrents.InfoHashes(Compeer.Formats.Hashing.Sha1Hash.Of(info), null), taker.Remote.MetadataBytes!.Value, WireSession.At(0))!;
        for (int round = 0; round < 10 && fetch.State == MetadataFetchState.Running; round++)
        {
            while (fetch.TryNextRequest(out int piece))
                Assert.True(taker.RequestMetadata(piece));
            ReadOnlySpan<byte> asked = taker.Sent();
            while (giver.TryReceive(ref asked, WireSession.At(0), out PeerEvent request))
                giver.SendMetadata(request.Index, info.Length, info.AsSpan(request.Index * 16384, Math.Min(16384, info.Length - request.Index * 16384)));
            ReadOnlySpan<byte> answers = giver.Sent();
            while (taker.TryReceive(ref answers, WireSession.At(0), out PeerEvent answer))
                fetch.OnData(answer.Index, answer.Payload, WireSession.At(0));
        }
        Assert.Equal(MetadataFetchState.Complete, fetch.State);
        Assert.True(fetch.Info.Span.SequenceEqual(info));
    }

    private static void Carry(Peer from, Peer to, Random random)
    {
        byte[] bytes = from.TakeSent();
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - at, random.Next(1, 20_000));
            to.Receive(bytes.AsSpan(at, length));
            at += length;
        }
    }

    /// <summary>What an owner does with a session, in its simplest form.</summary>
    private sealed class Peer
    {
        private readonly byte[][] _content;
        private readonly Dictionary<int, int> _received = [];
        private readonly HashSet<BlockRequest> _asked = [];
        private readonly ArrayBufferWriter<byte> _output = new();

        public Peer(ReservedBits ours, ReservedBits theirs, bool isSeed)
        {
            Session = new PeerWireSession(new PeerWireOptions(), WireSession.Handshake(ours, 1), WireSession.Handshake(theirs, 2), WireSession.At(0));
            Session.SetPieces(WireSession.Pieces, WireSession.LengthAt);
            Have = new PieceSet(WireSession.Pieces);
            _content = [.. Enumerable.Range(0, WireSession.Pieces).Select(i => new byte[WireSession.LengthAt(i)])];
            if (isSeed)
            {
                Have.AddAll();
                _content = [.. Enumerable.Range(0, WireSession.Pieces).Select(i => WireBytes.Content(i, 0, WireSession.LengthAt(i)))];
            }
            Session.SendPieces(Have);
            Session.SendExtensions(6881, 0, isSeed, IPAddress.Loopback);
            Session.SetInterested(!isSeed);
        }

        public PeerWireSession Session { get; }

        public PieceSet Have { get; }

        public int Chokes { get; private set; }

        public string ContentHash() => Convert.ToHexString(SHA256.HashData([.. _content.SelectMany(c => c)]));

        public void Want(Random random)
        {
            if (Session.PeerChoking)
                return;
            for (int piece = 0; piece < WireSession.Pieces; piece++)
            {
                for (int begin = 0; begin < WireSession.LengthAt(piece); begin += BlockRequest.BlockBytes)
                {
                    var block = new BlockRequest(piece, begin, Math.Min(BlockRequest.BlockBytes, WireSession.LengthAt(piece) - begin));
                    if (Have[piece] || _asked.Contains(block) || _asked.Count >= 4 || random.Next(3) == 0 || IsHere(block))
                        continue;
                    Assert.True(Session.Request(block));
                    _asked.Add(block);
                    if (random.Next(8) == 0)
                    {
                        Session.Cancel(block);
                        _asked.Remove(block);
                    }
                }
            }
        }

        /// <summary>Chokes one round in three, whatever waits.</summary>
        public void Serve(Random random)
        {
            if (random.Next(3) == 0)
            {
                Chokes += Session.IncomingRequests > 0 ? 1 : 0;
                Session.Choke();
            }
            else if (Session.PeerInterested)
            {
                Session.Unchoke();
            }
            Session.TryTransmit(_output, WireSession.At(0));
            for (int i = random.Next(4); i > 0 && Session.TryTakeUpload(out BlockRequest request); i--)
            {
                PeerMessageWriter.PieceHeader(_output.GetSpan(PeerMessageWriter.PieceHeaderBytes), request);
                _output.Advance(PeerMessageWriter.PieceHeaderBytes);
                _output.Write(_content[request.Index].AsSpan(request.Begin, request.Length));
            }
        }

        public byte[] TakeSent()
        {
            Session.TryTransmit(_output, WireSession.At(0));
            byte[] sent = _output.WrittenSpan.ToArray();
            _output.ResetWrittenCount();
            return sent;
        }

        public void Receive(ReadOnlySpan<byte> data)
        {
            while (Session.TryReceive(ref data, WireSession.At(0), out PeerEvent happened))
            {
                if (happened.Kind == PeerEventKind.Block)
                    OnBlock(happened);
                else if (happened.Kind == PeerEventKind.Rejected)
                    Assert.True(_asked.Remove(new BlockRequest(happened.Index, happened.Begin, happened.Length)));
                while (Session.TryTakeLost(out BlockRequest lost))
                    Assert.True(_asked.Remove(lost));
            }
            Assert.Null(Session.Closed);
        }

        private bool IsHere(BlockRequest block) => (_received.GetValueOrDefault(block.Index) >> block.Begin / BlockRequest.BlockBytes & 1) != 0;

        private void OnBlock(in PeerEvent block)
        {
            var request = new BlockRequest(block.Index, block.Begin, block.Length);
            Assert.Equal(!block.IsLate, _asked.Remove(request));
            block.Payload.CopyTo(_content[block.Index].AsSpan(block.Begin));
            _received[block.Index] = _received.GetValueOrDefault(block.Index) | 1 << block.Begin / BlockRequest.BlockBytes;
            int blocks = (WireSession.LengthAt(block.Index) + BlockRequest.BlockBytes - 1) / BlockRequest.BlockBytes;
            if (_received[block.Index] == (1 << blocks) - 1 && Have.Add(block.Index))
                Session.SendHave(block.Index);
        }
    }
}
