using System.Buffers;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>The node of one family and the searches that wait on it. Under the service's lock.</summary>
internal sealed class DhtSide(DhtNode node, bool isV6, IDatagramPath path)
{
    private const int MaxTogether = 64;

    private readonly ArrayBufferWriter<byte> _scratch = new(2048);
    private readonly OutgoingDatagram[] _outgoing = new OutgoingDatagram[MaxTogether];

    public Dictionary<int, CombinedSearch> Searches { get; } = [];

    public Dictionary<uint, TaskCompletionSource<DhtSamples?>> Samples { get; } = [];

    public bool IsV6 { get; } = isV6;

    public DhtNode Node { get; } = node;

    /// <summary>Does what is due, sends what waits and tells what happened.</summary>
    public void Drive(Action<DhtAddressSeen>? addressSeen, Instant now)
    {
        if (now >= Node.NextDeadline)
            Node.OnDeadline(now);
        while (TransmitSome())
        {
        }
        while (Node.TryTakeEvent(out DhtEvent? happened))
        {
            if (happened is DhtAddressSeen seen)
                addressSeen?.Invoke(seen);
            else
                Dispatch(happened);
        }
    }

    /// <summary>Sends as much as goes together; false when nothing more waits.</summary>
    private bool TransmitSome()
    {
        int count = 0;
        for (int before = 0; count < _outgoing.Length && Node.TryTransmit(out NodeEndPoint to, _scratch); before = _scratch.WrittenCount)
            _outgoing[count++] = new OutgoingDatagram(_scratch.WrittenCount - before, to.ToIPEndPoint(), DontFragment: false);
        if (count > 0)
            path.Send(_scratch.WrittenSpan, _outgoing.AsSpan(0, count));
        _scratch.ResetWrittenCount();
        return count == _outgoing.Length;
    }

    private void Dispatch(DhtEvent happened)
    {
        if (happened is DhtSampled sampled && Samples.Remove(sampled.Question, out TaskCompletionSource<DhtSamples?>? asked))
            asked.TrySetResult(sampled.Samples);
        (int id, DhtSearchReport? report) = happened switch
        {
            DhtPeersFound found => (found.Search, null),
            DhtItemFound found => (found.Search, null),
            DhtSearchEnded ended => (ended.Search, ended.Report),
            _ => (0, (DhtSearchReport?)null),
        };
        if (!Searches.TryGetValue(id, out CombinedSearch? search))
            return;
        search.Tell(happened);
        if (report is null)
            return;
        Searches.Remove(id);
        search.OnEnded(this, report);
    }
}
