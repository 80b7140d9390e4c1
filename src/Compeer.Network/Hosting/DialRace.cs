using Compeer.Formats.Multiformats;
using Compeer.Protocols.Dialling;

namespace Compeer.Network.Hosting;

/// <summary>
/// Tries the addresses of one peer side by side, each after the delay of its rank, or as soon as all before it have failed. The first
/// that succeeds ends the others. At most <see cref="MaxAddresses"/>.
/// </summary>
internal sealed class DialRace(IReadOnlyList<Multiaddr> addresses, DialRace.Attempt attempt)
{
    private const int MaxAddresses = 16;

    /// <summary>Dials one address; the reason why not in the place of a stream.</summary>
    public delegate Task<(UpgradedStream? Stream, string Failure)> Attempt(Multiaddr address, CancellationToken cancellationToken);

    /// <summary>The winner, or what every address failed by.</summary>
    public async Task<(UpgradedStream? Stream, string Failure)> RunAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<RankedAddress> ranked = AddressRanking.Rank(addresses);
        if (ranked.Count == 0)
            return (null, "no address of it is known");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task<(UpgradedStream? Stream, string Failure)>>();
        var failures = new List<string>();
        UpgradedStream? winner = null;
        TimeSpan passed = TimeSpan.Zero;
        for (int next = 0; winner is null && (next < Math.Min(ranked.Count, MaxAddresses) || running.Count > 0);)
        {
            bool hasNext = next < Math.Min(ranked.Count, MaxAddresses);
            if (hasNext && (running.Count == 0 || ranked[next].Delay <= passed))
            {
                passed = ranked[next].Delay;
                running.Add(TryAsync(ranked[next++].Address, ending.Token));
                continue;
            }
            Task wait = hasNext ? Task.Delay(ranked[next].Delay - passed, ending.Token) : Task.Delay(Timeout.Infinite, ending.Token);
            Task first = await Task.WhenAny([.. running, wait]);
            if (first == wait)
            {
                cancellationToken.ThrowIfCancellationRequested();
                passed = ranked[next].Delay;
                continue;
            }
            var ended = (Task<(UpgradedStream? Stream, string Failure)>)first;
            running.Remove(ended);
            (winner, string failure) = await ended;
            if (winner is null)
                failures.Add(failure);
        }
        await ending.CancelAsync();
        foreach (Task<(UpgradedStream? Stream, string Failure)> late in running)
            (await late).Stream?.Stream.Dispose();
        return (winner, string.Join("; ", failures));
    }

    private async Task<(UpgradedStream? Stream, string Failure)> TryAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        try
        {
            (UpgradedStream? stream, string failure) = await attempt(address, cancellationToken);
            return (stream, $"{address}: {failure}");
        }
        catch (OperationCanceledException)
        {
            return (null, $"{address}: not needed any more");
        }
    }
}
