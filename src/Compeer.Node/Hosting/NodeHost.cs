using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Compeer.Content.Torrents;
using Compeer.Network.Outbound;
using Compeer.Node.Configuration;
using Compeer.Node.Intake;
using Compeer.Node.Security;
using Compeer.Node.State;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;

namespace Compeer.Node.Hosting;

/// <summary>How a node is started.</summary>
public sealed record NodeStart
{
    /// <summary>Where everything is kept.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Options of the command line: keys and values.</summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();

    /// <summary>The environment.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The clock: of schedules, feeds, sessions and what is written down.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what is worth knowing.</summary>
    public Action<string> Note { get; init; } = static _ => { };
}

/// <summary>
/// A running node: state, torrents, API and page, put together. Answers as soon as it has started; the torrents that it remembers open
/// meanwhile.
/// </summary>
/// <example><code>
/// await using NodeHost node = await NodeHost.StartAsync(new NodeStart { DataDirectory = "data" }, default);
/// Console.WriteLine(node.Url);
/// </code></example>
public sealed class NodeHost : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly NodeServices _services;
    private readonly WebApplication _web;
    private readonly Task _starting;
    private readonly IDisposable? _export;
    private readonly StartMemory _memory;

    private NodeHost(NodeServices services, WebApplication web, Task starting, IDisposable? export, string token, string url) =>
        (_services, _web, _starting, _export, _memory, Token, Url) = (services, web, starting, export, new StartMemory(starting, services.Torrents.Count, TimeProvider.System), token, url);

    /// <summary>Where the API and the page are: scheme, address and port.</summary>
    public string Url { get; }

    /// <summary>The token of the data directory.</summary>
    public string Token { get; }

    /// <summary>Completes when every torrent that was remembered has started.</summary>
    public Task TorrentsStarted => _starting;

    /// <summary>Starts a node.</summary>
    /// <exception cref="NodeException">A setting, the data directory or an address cannot be used.</exception>
    public static async Task<NodeHost> StartAsync(NodeStart start, CancellationToken cancellationToken)
    {
        var undo = new Stack<IAsyncDisposable>();
        try
        {
            DataDirectory data = Undone(DataDirectory.Open(start.DataDirectory));
            NodeConfiguration configuration = NodeConfiguration.Load(data.Root, start.Environment, start.Flags);
            NodeLog log = Undone(new NodeLog(data.LogPath, configuration, start.Time));
            Action<string> note = text =>
            {
                log.Write(LogLevel.Warning, "node", text);
                start.Note(text);
            };
            StateStore state = Undone(StateStore.Open(data.StatePath));
            if (state.DamagedLines > 0)
                note($"{state.DamagedLines} damaged lines of the state were left out, as after a crash; the file as it was is kept as '{data.StatePath}.damaged'.");
            string token = data.ReadOrMakeToken();
            var torrents = new TorrentCatalogue(state, configuration, data.Root, start.Time);
            undo.Push(torrents);
            torrents.Load();
            TorrentClient client = ClientStarter.Start(configuration, data.Root, note);
            undo.Push(client);
            var feed = new LiveFeed(torrents, start.Time, note);
            undo.Push(feed);
            var limits = new SpeedLimits(state, configuration, client, start.Time);
            undo.Push(limits);
            var fetch = new PublicFetch(client.Policy, IPAddress.TryParse(configuration[NodeOptions.Bind], out IPAddress? bind) ? bind : null);
            var watchFolders = new WatchFolders(state, torrents, start.Time, text => log.Write(LogLevel.Warning, "watch", text));
            undo.Push(watchFolders);
            var feeds = new Feeds(state, torrents, fetch, start.Time, text => log.Write(LogLevel.Warning, "feeds", text));
            undo.Push(feeds);
            var jobs = new JobBoard(start.Time);
            undo.Push(jobs);
            var services = new NodeServices(data, configuration, state, new Access(state, token, start.Time), client, torrents, feed, limits, watchFolders, feeds, jobs, log, new ContentKeys(token, start.Time), start.Time)
            {
                Fetch = fetch,
                Tracker = new OwnTracker(configuration, client.Policy, note),
                StartedAt = start.Time.GetUtcNow(),
                Certificate = Secured(configuration, data.Root, note),
            };
            undo.Push(services.Tracker);
            WebApplication web = WebHost.Build(services);
            undo.Push(web);
            IDisposable? export = MetricsExport.Start(configuration, client.Policy, note);
            if (export is not null)
                Undone(export);
            string url = await WebHost.StartAsync(web, configuration, cancellationToken);
            data.WriteApiAddress(url);
            // Thousands of torrents keep every processor busy for seconds: who looks at the node shall not wait for them.
            Task starting = ToldAsync(torrents.StartAllAsync(client, cancellationToken), note);
            log.Write(LogLevel.Info, "node", $"Compeer {NodeServices.Version} runs; API and page at {url}, peers at port {client.LocalEndPoint.Port}, {torrents.Count} torrents.");
            torrents.Happened += text => log.Write(LogLevel.Info, "torrents", text);
            return new NodeHost(services, web, starting, export, token, url);
        }
        catch
        {
            while (undo.TryPop(out IAsyncDisposable? part))
                await part.DisposeAsync();
            throw;
        }

        T Undone<T>(T part)
            where T : IDisposable
        {
            undo.Push(new Disposal(part));
            return part;
        }
    }

    private static async Task ToldAsync(Task starting, Action<string> note)
    {
        try
        {
            await starting;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            note($"The torrents could not be started: {e.Message}");
            throw;
        }
    }

    /// <summary>Elsewhere than on loopback the token and the password would pass others in plain sight, so that TLS is not a choice there.</summary>
    private static X509Certificate2? Secured(NodeConfiguration configuration, string dataDirectory, Action<string> note)
    {
        var local = IPEndPoint.Parse(configuration[NodeOptions.Api]);
        string chosen = configuration[NodeOptions.ApiCertificate];
        if (IPAddress.IsLoopback(local.Address) && chosen.Length == 0)
            return null;
        string[] names = [local.Address.ToString(), "localhost", .. configuration[NodeOptions.ApiHosts].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        X509Certificate2 certificate = Certificate.Load(chosen, dataDirectory, names);
        if (chosen.Length == 0)
            note($"The API speaks TLS with a certificate of its own. Its fingerprint (SHA-256), to compare with what the browser shows: {certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        return certificate;
    }

    /// <summary>Stops everything, within about four seconds: the API, then the torrents, then the state.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopPatience);
        _export?.Dispose();
        await _memory.DisposeAsync();
        await _services.Feed.DisposeAsync();
        await _web.StopAsync(limit.Token);
        await _services.WatchFolders.DisposeAsync();
        await _services.Feeds.DisposeAsync();
        await _services.Jobs.DisposeAsync();
        await _services.Tracker.DisposeAsync();
        await _services.Limits.DisposeAsync();
        await _starting.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await _services.Client.DisposeAsync();
        await _web.DisposeAsync();
        await _services.Torrents.DisposeAsync();
        _services.State.Dispose();
        _services.Log.Write(LogLevel.Info, "node", "Stopped.");
        _services.Log.Dispose();
        _services.Data.Dispose();
    }

    private sealed class Disposal(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
