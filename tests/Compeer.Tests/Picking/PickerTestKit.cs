using Compeer.Protocols;
using Compeer.Protocols.Picking;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.Picking;

/// <summary>Short ways to say what a picker test is about.</summary>
internal static class PickerTestKit
{
    public const int Block = BlockRequest.BlockBytes;

    public static PickHints Fast => new() { WantsWholePieces = true, IsIdle = true };

    public static PickHints Idle => new() { IsIdle = true };

    public static PickHints Busy => default;

    public static PickHints Snubbed => new() { IsSnubbed = true, IsIdle = true };

    public static PickHints OnParole => new() { IsOnParole = true, IsIdle = true };

    public static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);

    public static PiecePicker Picker(int pieces, int blocksPerPiece = 4, int seed = 1, PickerOptions? options = null) =>
        new(options ?? new PickerOptions { RandomFirst = 0 }, pieces, _ => blocksPerPiece * Block, new Random(seed));

    public static PieceSet All(int pieces)
    {
        var set = new PieceSet(pieces);
        set.AddAll();
        return set;
    }

    public static PieceSet Only(int pieces, params int[] members)
    {
        var set = new PieceSet(pieces);
        foreach (int piece in members)
            set.Add(piece);
        return set;
    }

    public static List<BlockRequest> Take(
        this PiecePicker picker, int peer, PieceSet pieces, int count, PickHints? hints = null, double seconds = 0)
    {
        var requests = new BlockRequest[count];
        int n = picker.Pick(peer, pieces, hints ?? Idle, At(seconds), requests);
        return [.. requests[..n]];
    }

    public static (BlockOutcome Outcome, int CancelAt) Arrives(this PiecePicker picker, int peer, BlockRequest block) =>
        (picker.OnBlock(peer, block.Index, block.Begin, block.Length, out int cancelAt), cancelAt);

    /// <summary>One peer fetches and verifies whatever it can get.</summary>
    public static List<int> FetchAll(this PiecePicker picker, int peer, PieceSet pieces, PickHints? hints = null)
    {
        var order = new List<int>();
        while (picker.Take(peer, pieces, 1, hints) is [var block])
        {
            if (!order.Contains(block.Index))
                order.Add(block.Index);
            if (picker.Arrives(peer, block).Outcome == BlockOutcome.PieceComplete)
                picker.PieceVerified(block.Index);
        }
        return order;
    }
}
