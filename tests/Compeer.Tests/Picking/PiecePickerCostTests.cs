using Compeer.Protocols.Picking;
using Compeer.Protocols.PeerWire;
using static Compeer.Tests.Picking.PickerTestKit;

namespace Compeer.Tests.Picking;

/// <summary>Picking is on the data path: it allocates nothing and costs well under a microsecond a block.</summary>
public class PiecePickerCostTests
{
    private const int Pieces = 100_000;
    private const int Peers = 50;

    private static PieceSet[] Swarm(PiecePicker picker, bool seedsOnly)
    {
        var random = new Random(5);
        var sets = new PieceSet[Peers];
        for (int i = 0; i < Peers; i++)
        {
            sets[i] = new PieceSet(Pieces);
            if (seedsOnly || i == 0)
                sets[i].AddAll();
            else if (i % 10 == 1)
                _ = sets[i].Add(random.Next(Pieces)); // next to nothing
            else
            {
                for (int p = 0; p < Pieces; p++)
                {
                    if (random.Next(100) < 2 * i)
                        sets[i].Add(p);
                }
            }
            picker.PeerJoined(sets[i]);
        }
        return sets;
    }

    private static long Run(PiecePicker picker, PieceSet[] sets, BlockRequest[] buffer, int blocks, bool fast)
    {
        long picked = 0;
        for (int turn = 0; picked < blocks; turn++)
        {
            int peer = turn % sets.Length;
            int n = picker.Pick(peer, sets[peer], new PickHints { WantsWholePieces = fast }, At(0), buffer);
            picked += n;
            foreach (BlockRequest r in buffer.AsSpan(0, n))
            {
                if (picker.OnBlock(peer, r.Index, r.Begin, r.Length, out _) == BlockOutcome.PieceComplete)
                {
                    picker.PieceVerified(r.Index);
                    if (sets[1].Add(r.Index))
                        picker.PeerGained(r.Index);
                }
            }
        }
        return picked;
    }

    [Theory]
    [InlineData("seeds only, fast", true, true)]
    [InlineData("seeds only, slow", true, false)]
    [InlineData("mixed swarm, fast", false, true)]
    [InlineData("mixed swarm, slow", false, false)]
    public void Steady_state_allocates_nothing(string name, bool seedsOnly, bool fast)
    {
        PiecePicker picker = Picker(Pieces, 16, options: new PickerOptions());
        PieceSet[] sets = Swarm(picker, seedsOnly);
        var buffer = new BlockRequest[37];
        Run(picker, sets, buffer, 200_000, fast);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Run(picker, sets, buffer, 1_000_000, fast);
        long grown = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.True(grown == 0, $"{name}: {grown} bytes");
    }
}
