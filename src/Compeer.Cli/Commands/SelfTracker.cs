using System.Net;
namespace Compeer.Cli.Commands;
internal sealed class SelfTracker : IAsyncDisposable
{
    public IReadOnlyList<string> Urls { get; } = [];
    public static Task<SelfTracker> StartAsync(IPAddress? bind, IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken) { _ = bind; _ = addresses; _ = cancellationToken; return Task.FromResult(new SelfTracker()); }
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
