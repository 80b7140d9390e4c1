using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Picking;

/// <summary>One call of <see cref="PiecePicker.Pick"/>: who asks, and the requests found so far.</summary>
internal ref struct PickBatch
{
    public int Peer;
    public PieceSet Pieces;
    public PickHints Hints;
    public Instant Now;
    public Span<BlockRequest> Requests;
    public int Count;

    public readonly bool IsFull => Count == Requests.Length;

    public readonly Span<BlockRequest> Rest => Requests[Count..];
}
