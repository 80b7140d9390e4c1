namespace Compeer.Node.Hosting;

/// <summary>Collects the lines of the log from now on, until somebody takes them; of more than 200 the oldest are dropped. Thread-safe.</summary>
internal sealed class LogListener : IDisposable
{
    private const int MaxLines = 200;

    private readonly Lock _using = new();
    private readonly NodeLog _log;
    private readonly Queue<LogLine> _lines = new();

    public LogListener(NodeLog log)
    {
        _log = log;
        log.Written += Add;
    }

    /// <summary>What has come since the last time, oldest first.</summary>
    public IReadOnlyList<LogLine> Take()
    {
        lock (_using)
        {
            LogLine[] taken = [.. _lines];
            _lines.Clear();
            return taken;
        }
    }

    public void Dispose() => _log.Written -= Add;

    private void Add(LogLine line)
    {
        lock (_using)
        {
            _lines.Enqueue(line);
            if (_lines.Count > MaxLines)
                _lines.Dequeue();
        }
    }
}
