namespace Compeer.InteropTests.Lab;

/// <summary>A program that prints one JSON object a line with a property "event"; all of them are kept in order.</summary>
public class JsonProcess(LabHost host, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, bool readsInput = false)
    : LabProcess(host, program, arguments, environment, readsInput)
{
    private readonly Lock _lock = new();
    private readonly List<JsonEvent> _events = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A copy of everything said so far.</summary>
    public IReadOnlyList<JsonEvent> Events
    {
        get
        {
            lock (_lock)
                return [.. _events];
        }
    }

    /// <summary>The last event of a name; null when there was none.</summary>
    public JsonEvent? Last(string name) => Events.LastOrDefault(e => e.Name == name);

    public Task<JsonEvent> WaitForAsync(string name, TimeSpan timeout) => WaitForAsync(e => e.Name == name, $"event '{name}'", timeout);

    public Task<JsonEvent> WaitForAsync(string name, Func<JsonEvent, bool> fits, TimeSpan timeout) => WaitForAsync(e => e.Name == name && fits(e), $"fitting event '{name}'", timeout);

    /// <summary>The first event, past or future, that fits. Throws when the program ends without it or after the timeout.</summary>
    public async Task<JsonEvent> WaitForAsync(Func<JsonEvent, bool> fits, string what, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        int seen = 0;
        bool ended = false;
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                for (; seen < _events.Count; seen++)
                {
                    if (fits(_events[seen]))
                        return _events[seen];
                }
                changed = _changed.Task;
            }
            if (ended)
                throw new LabException($"Ended with {ExitCode} before {what}: {CommandLine}\n{Said}");
            try
            {
                ended = await Task.WhenAny(changed, ExitedAsync(limit.Token)) != changed;
                limit.Token.ThrowIfCancellationRequested();
            }
            catch (OperationCanceledException)
            {
                throw new LabException($"No {what} within {timeout.TotalSeconds:0} s: {CommandLine}\n{Said}");
            }
        }
    }

    protected override void OnOutput(string line)
    {
        if (!line.StartsWith('{') || JsonEvent.TryParse(line) is not { } parsed)
            return;
        lock (_lock)
        {
            _events.Add(parsed);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
