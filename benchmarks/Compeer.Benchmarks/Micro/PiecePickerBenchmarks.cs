using BenchmarkDotNet.Attributes;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;

namespace Compeer.Benchmarks.Micro;

/// <summary>What to ask whom, in a swarm of fifty with every third piece each. An operation is a block: picked, received, its piece counted.</summary>
[MemoryDiagnoser]
public class PiecePickerBenchmarks
{
    private const int Pieces = 20_000;
    private const int Peers = 50;
    private const int Blocks = 1_024;

    private readonly BlockRequest[] _picked = new BlockRequest[16];
    private PiecePicker _picker = null!;
    private PieceSet[] _peers = [];
    private int _turn;

    [GlobalSetup]
    public void Start()
    {
        _picker = new PiecePicker(new PickerOptions(), Pieces, _ => 16 * BlockRequest.BlockBytes, new Random(1));
        _peers = [.. Enumerable.Range(0, Peers).Select(_ => new PieceSet(Pieces))];
        for (int peer = 0; peer < Peers; peer++)
        {
            for (int piece = peer % 3; piece < Pieces; piece += 3)
                _peers[peer].Add(piece);
            _picker.PeerJoined(_peers[peer]);
        }
    }

    [Benchmark(OperationsPerInvoke = Blocks), AllocationGate(0)]
    public int Pick()
    {
        int received = 0;
        while (received < Blocks)
        {
            int peer = _turn++ % Peers;
            int count = _picker.Pick(peer, _peers[peer], new PickHints { WantsWholePieces = true }, Instant.Zero, _picked.AsSpan(0, Math.Min(16, Blocks - received)));
            foreach (BlockRequest block in _picked.AsSpan(0, count))
            {
                if (_picker.OnBlock(peer, block.Index, block.Begin, block.Length, out _) != BlockOutcome.PieceComplete)
                    continue;
                _picker.PieceVerified(block.Index);
                // And lost again, so that there is always something to do.
                _picker.PieceLost(block.Index);
            }
            received += count;
        }
        return received;
    }
}
