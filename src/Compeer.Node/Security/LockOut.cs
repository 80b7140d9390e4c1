namespace Compeer.Node.Security;

/// <summary>
/// Slows guessing down: after five wrong passwords or tokens in a row from an address, or fifty from all, the next is not even looked
/// at for a second, then two, four, up to a quarter of an hour. Remembers at most 1,000 addresses. Thread-safe.
/// </summary>
public sealed class LockOut(TimeProvider time)
{
    /// <summary>Wrong attempts of one address that cost nothing yet.</summary>
    public const int FreeAttempts = 5;

    private const int FreeAttemptsOfAll = 50;
    private const int MaxAddresses = 1000;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly Lock _counting = new();
    private readonly Dictionary<string, (int Failures, long At)> _byAddress = [];
    private (int Failures, long At) _all;

    /// <summary>How long attempts from there are not looked at; zero when they are.</summary>
    public TimeSpan WaitFor(string address)
    {
        lock (_counting)
        {
            TimeSpan own = _byAddress.TryGetValue(address, out var entry) ? Remaining(entry, FreeAttempts) : TimeSpan.Zero;
            TimeSpan all = Remaining(_all, FreeAttemptsOfAll);
            return own > all ? own : all;
        }
    }

    /// <summary>Somebody there was wrong.</summary>
    public void Failed(string address)
    {
        lock (_counting)
        {
            long now = time.GetTimestamp();
            if (_byAddress.Count >= MaxAddresses && !_byAddress.ContainsKey(address))
                _byAddress.Remove(_byAddress.MinBy(e => e.Value.At).Key);
            _byAddress[address] = (Count(_byAddress.GetValueOrDefault(address), now) + 1, now);
            _all = (Count(_all, now) + 1, now);
        }
    }

    /// <summary>Somebody there was right.</summary>
    public void Succeeded(string address)
    {
        lock (_counting)
            _byAddress.Remove(address);
    }

    private int Count((int Failures, long At) entry, long now) => time.GetElapsedTime(entry.At, now) > Longest ? 0 : entry.Failures;

    private TimeSpan Remaining((int Failures, long At) entry, int free)
    {
        if (entry.Failures < free)
            return TimeSpan.Zero;
        double seconds = Math.Min(Longest.TotalSeconds, Math.Pow(2, Math.Min(20, entry.Failures - free)));
        TimeSpan left = TimeSpan.FromSeconds(seconds) - time.GetElapsedTime(entry.At);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
