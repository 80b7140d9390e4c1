using System.Net;

namespace Compeer.Network.Transports;

/// <summary>Lets only so many do something with one IP address at once; the others wait for their turn. Thread-safe; holds nothing of an address that nobody asks for.</summary>
/// <param name="most">How many at once, at least 1.</param>
internal sealed class AddressTurns(int most)
{
    private readonly Dictionary<IPAddress, Line> _lines = [];

    /// <summary>Waits for a turn with an address; disposing what it gives ends the turn.</summary>
    public async Task<Turn> TakeAsync(IPAddress address, CancellationToken cancellationToken)
    {
        Line? line;
        lock (_lines)
        {
            if (!_lines.TryGetValue(address, out line))
                _lines[address] = line = new Line(most);
            line.Users++;
        }
        try
        {
            await line.Free.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(address, line);
            throw;
        }
        return new Turn(this, address, line);
    }

    private void Leave(IPAddress address, Line line)
    {
        lock (_lines)
        {
            if (--line.Users > 0)
                return;
            _lines.Remove(address);
            line.Free.Dispose();
        }
    }

    internal sealed class Line(int most)
    {
        public SemaphoreSlim Free { get; } = new(most);

        public int Users { get; set; }
    }

    internal readonly struct Turn(AddressTurns turns, IPAddress address, Line line) : IDisposable
    {
        public void Dispose()
        {
            line.Free.Release();
            turns.Leave(address, line);
        }
    }
}
