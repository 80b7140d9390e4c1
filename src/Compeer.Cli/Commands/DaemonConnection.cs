using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.Hosting;

namespace Compeer.Cli.Commands;

/// <summary>The running daemon of a data directory, as the other commands drive it: its address and token lie there.</summary>
internal sealed class DaemonConnection : IDisposable
{
    private static readonly TimeSpan JobPace = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http;

    private DaemonConnection(string url, string token, string dataDirectory)
    {
        var tls = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, errors) => errors == SslPolicyErrors.None || IsOwn(dataDirectory, shown) };
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, SslOptions = tls }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
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
            return new DaemonConnection(url, File.ReadAllText(DataDirectory.TokenPath(dataDirectory)).Trim(), dataDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"The daemon's token cannot be read: {e.Message} Run this as the user of the daemon.");
        }
    }

    public Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, (HttpContent?)null, cancellationToken);

    public Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode body, CancellationToken cancellationToken) =>
        SendAsync(method, path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), cancellationToken);

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
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new CommandException(ExitCode.NotFound, $"What answers at {Url} shows another certificate than the daemon's own, and no authority vouches for it: somebody may stand between. Start the daemon anew if its certificate was changed.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new CommandException(ExitCode.NotFound, $"The daemon at {Url} does not answer: {e.Message}");
        }
    }

    /// <summary>Whether it has a torrent.</summary>
    public async Task<bool> HasAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync($"torrents/{id}", cancellationToken) is not null;
        }
        catch (CommandException e) when (e.ExitCode == ExitCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>Adds a torrent, or finds it there.</summary>
    /// <param name="source">A magnet link, the address of a torrent file, or a torrent file of this machine.</param>
    /// <param name="options">How it is to be run, as the API takes it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="CommandException">It cannot be added.</exception>
    public async Task<JsonNode> AddAsync(string source, JsonObject options, CancellationToken cancellationToken)
    {
        bool isUrl = source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (isUrl || source.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase))
        {
            options[isUrl ? "url" : "link"] = source;
            return (await SendAsync(HttpMethod.Post, "torrents", options, cancellationToken))!;
        }
        // The file is read here: the daemon may be another user's.
        var body = new ByteArrayContent(TorrentSource.ReadFile(source).ToTorrentFile());
        body.Headers.ContentType = new MediaTypeHeaderValue("application/x-bittorrent");
        IEnumerable<string> query = options.SelectMany(option => option.Value switch
        {
            null => [],
            JsonArray values => values.Select(v => $"{option.Key}={Uri.EscapeDataString(v!.ToString())}"),
            { } value => [$"{option.Key}={Uri.EscapeDataString(value.ToString())}"],
        });
        return (await SendAsync(HttpMethod.Post, $"torrents?{string.Join('&', query)}", body, cancellationToken))!;
    }

    /// <summary>Has it do what takes a while; returns the job when it is done.</summary>
    /// <exception cref="CommandException">It failed.</exception>
    public async Task<JsonNode> RunJobAsync(string path, JsonObject body, CancellationToken cancellationToken)
    {
        string id = (await SendAsync(HttpMethod.Post, path, body, cancellationToken))!["job"]!.GetValue<string>();
        while (true)
        {
            JsonNode job = (await GetAsync($"jobs/{id}", cancellationToken))!;
            switch (job["state"]!.GetValue<string>())
            {
                case "done":
                    return job;
                case "failed":
                    throw new CommandException(ExitCode.BadInput, job["detail"]?.GetValue<string>() ?? "The daemon could not do it.");
            }
            await Task.Delay(JobPace, cancellationToken);
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

    /// <summary>Nobody vouches for the certificate that a daemon made for itself; that it lies in its data directory does.</summary>
    private static bool IsOwn(string dataDirectory, X509Certificate? shown)
    {
        string path = DataDirectory.CertificatePath(dataDirectory);
        if (shown is null || !File.Exists(path))
            return false;
        using var own = X509Certificate2.CreateFromPem(File.ReadAllText(path));
        return own.RawDataMemory.Span.SequenceEqual(shown.GetRawCertData());
    }
}
