using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.Hosting;

namespace Compeer.Cli.Commands;

/// <summary>The running daemon of a data directory, as the other commands drive it: its address and token lie there.</summary>
internal sealed class DaemonConnection : IDisposable
{
    private readonly HttpClient _http;

    private DaemonConnection(string url, string token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Url = url;
    }

    /// <summary>Where it is.</summary>
    public string Url { get; }

    /// <summary>Finds it.</summary>
    /// <exception cref="CommandException">None runs there, or its token cannot be read.</exception>
    public static DaemonConnection Open(string dataDirectory) => TryOpen(dataDirectory)
        ?? throw new CommandException(ExitCode.NotFound, $"No daemon uses the data directory '{dataDirectory}'. Start one with 'compeer daemon', or name another with --data-dir.");

    /// <summary>Finds it; null when none runs there.</summary>
    /// <exception cref="CommandException">Its token cannot be read.</exception>
    public static DaemonConnection? TryOpen(string dataDirectory)
    {
        if (DataDirectory.FindRunning(dataDirectory) is not { } url)
            return null;
        try
        {
            return new DaemonConnection(url, File.ReadAllText(DataDirectory.TokenPath(dataDirectory)).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"The daemon's token cannot be read: {e.Message} Run this as the user of the daemon.");
        }
    }

    public Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, (HttpContent?)null, cancellationToken);

    public Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode body, CancellationToken cancellationToken) =>
        SendAsync(method, path, JsonContent.Create(body), cancellationToken);

    /// <summary>Sends a request.</summary>
    /// <returns>The answer; null when it is empty.</returns>
    /// <exception cref="CommandException">The daemon refuses, or is gone.</exception>
    public async Task<JsonNode?> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, "/api/v1/" + path) { Content = body };
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            string text = await response.Content.ReadAsStringAsync(cancellationToken);
            JsonNode? answer = text.Length > 0 ? JsonNode.Parse(text) : null;
            if (response.IsSuccessStatusCode)
                return answer;
            int code = (int)response.StatusCode switch { 400 => ExitCode.BadInput, 404 => ExitCode.NotFound, 507 => ExitCode.Disk, _ => ExitCode.Usage };
            throw new CommandException(code, answer?["detail"]?.GetValue<string>() ?? $"The daemon answers {(int)response.StatusCode}.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new CommandException(ExitCode.NotFound, $"The daemon at {Url} does not answer: {e.Message}");
        }
    }

    /// <summary>The ids that arguments stand for: an id, its beginning, a whole name, or "all".</summary>
    /// <exception cref="CommandException">One stands for none, or for several.</exception>
    public async Task<string[]> FindAsync(string[] arguments, CancellationToken cancellationToken)
    {
        JsonNode[] all = [.. (await GetAsync("torrents?limit=10000", cancellationToken))!["items"]!.AsArray().OfType<JsonNode>()];
        if (arguments is ["all"])
            return [.. all.Select(Id)];
        return [.. arguments.Select(Find)];

        static string Id(JsonNode torrent) => torrent["id"]!.GetValue<string>();

        string Find(string argument) => all.Where(t => Id(t).StartsWith(argument, StringComparison.OrdinalIgnoreCase) || t["name"]!.GetValue<string>() == argument).Select(Id).ToArray() switch
        {
            [var one] => one,
            [] => throw new CommandException(ExitCode.NotFound, $"No torrent has the id or name '{argument}'. 'compeer list' shows them."),
            _ => throw new CommandException(ExitCode.BadInput, $"'{argument}' stands for several torrents: give more of the id."),
        };
    }

    public void Dispose() => _http.Dispose();
}
