using Compeer.Cli.Output;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Cli.Commands;

/// <summary>Asks the DHT which torrent a mutable link names, again and again; what it found it also stores, so that the link lives while it has readers.</summary>
/// <remarks>Spec: BEP 46.</remarks>
internal sealed class MutableFollower(DhtService dht, MutableLink link, TimeSpan timeout)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Republish = TimeSpan.FromMinutes(45);

    private DhtItem? _current;
    private DhtItem? _newer;
    private long _storedAt;

    /// <summary>The version that is named now; waits for one.</summary>
    /// <exception cref="CommandException">Nothing was found in time.</exception>
    public async Task<(Sha1Hash InfoHash, long Version)> NextAsync(CancellationToken cancellationToken)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            DhtItem? item = _newer ?? await FindAsync(cancellationToken);
            _newer = null;
            if (item is not null && TorrentPointer.TryDecode(item.Value, out Sha1Hash infoHash))
            {
                _current = item;
                return (infoHash, item.Sequence);
            }
            if (timeout > TimeSpan.Zero && TimeProvider.System.GetElapsedTime(begun) >= timeout)
                throw new CommandException(ExitCode.NotFound, $"No node of the DHT knows what this link names, for {timeout.TotalSeconds:0} s. Its owner may be away for more than two hours; try later, or raise --timeout.");
            await Task.Delay(Retry, cancellationToken);
        }
    }

    /// <summary>Runs <paramref name="meanwhile"/>, which never ends by itself, until a newer version is named.</summary>
    public async Task UntilNewerAsync(Func<Task> meanwhile, CancellationToken cancellationToken)
    {
        Task other = meanwhile();
        while (true)
        {
            await await Task.WhenAny(other, Task.Delay(Poll, cancellationToken));
            DhtItem? item = await FindAsync(cancellationToken);
            if (item is not null && item.Sequence > _current!.Sequence)
            {
                _newer = item;
                return;
            }
            if (TimeProvider.System.GetElapsedTime(_storedAt) >= Republish)
            {
                _storedAt = TimeProvider.System.GetTimestamp();
                await dht.PutAsync(_current!, null, cancellationToken);
            }
        }
    }

    private async Task<DhtItem?> FindAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout > TimeSpan.Zero ? timeout : Timeout.InfiniteTimeSpan);
        try
        {
            return await dht.GetAsync(link.PublicKey, link.Salt, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
