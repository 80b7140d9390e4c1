using System.Collections.Immutable;
namespace Compeer.Content.Torrents;
internal sealed class Announces(TorrentSession session)
{
    public string? Message { get; private set; }
    public void AddTiers(ImmutableArray<ImmutableArray<string>> tiers) { _ = session; }
    public void OnCompleted() { _ = session; }
    public void OnTick() { _ = session; }
    public Task StopAsync() { _ = session; return Task.CompletedTask; }
}
