using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>One search on the nodes of one or two families; it ends when it has ended on all. Under the service's lock.</summary>
/// <param name="tell">Told what is found; it only posts.</param>
/// <param name="ended">Told how it ended, unless it was cancelled; it only posts.</param>
internal sealed class CombinedSearch(Action<DhtEvent> tell, Action<DhtSearchReport> ended)
{
    private readonly List<(DhtSide Side, int Id)> _running = [];
    private DhtSearchReport? _report;
    private bool _isCancelled;

    /// <summary>Begins on every side that knows somebody.</summary>
    public void Begin(IEnumerable<DhtSide> sides, Func<DhtNode, int> begin)
    {
        if (_isCancelled)
            return;
        foreach (DhtSide side in sides)
        {
            int id = begin(side.Node);
            side.Searches[id] = this;
            _running.Add((side, id));
        }
        if (_running.Count == 0)
            ended(new DhtSearchReport { Asked = 0, Replied = 0, Hops = 0, Duration = default, Closest = [], Stored = 0, Peers = 0 });
    }

    public void Tell(DhtEvent happened) => tell(happened);

    public void OnEnded(DhtSide side, DhtSearchReport report)
    {
        _report = _report is null ? report : _report.JoinedWith(report);
        _running.RemoveAll(r => r.Side == side);
        if (_running.Count == 0)
            ended(_report);
    }

    public void Cancel()
    {
        _isCancelled = true;
        foreach ((DhtSide side, int id) in _running)
        {
            side.Searches.Remove(id);
            side.Node.Cancel(id);
        }
        _running.Clear();
    }
}
