using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>One search on the nodes of one or two families; it ends when it has ended on all. Under the service's lock, but for <see cref="Abandon"/>.</summary>
/// <param name="tell">Told what is found; it only posts.</param>
internal sealed class CombinedSearch(Action<DhtEvent> tell)
{
    private readonly TaskCompletionSource<DhtSearchReport> _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(DhtSide Side, int Id)> _running = [];
    private DhtSearchReport? _report;
    private int _left;

    public Task<DhtSearchReport> Completed => _completed.Task;

    public void Add(DhtSide side, int id)
    {
        side.Searches[id] = this;
        _running.Add((side, id));
        _left++;
    }

    public void CompleteIfEmpty()
    {
        if (_left == 0)
            _completed.TrySetResult(new DhtSearchReport { Asked = 0, Replied = 0, Hops = 0, Duration = default, Closest = [], Stored = 0, Peers = 0 });
    }

    public void Tell(DhtEvent happened) => tell(happened);

    public void OnEnded(DhtSearchReport report)
    {
        _report = _report is null ? report : _report.JoinedWith(report);
        if (--_left == 0)
            _completed.TrySetResult(_report);
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        foreach ((DhtSide side, int id) in _running)
        {
            side.Searches.Remove(id);
            side.Node.Cancel(id);
        }
        Abandon(cancellationToken);
    }

    public void Abandon(CancellationToken cancellationToken) => _completed.TrySetCanceled(cancellationToken);
}
