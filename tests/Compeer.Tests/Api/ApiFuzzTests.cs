using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Compeer.Tests.Api;

/// <summary>
/// Every operation of the served OpenAPI document, asked thousands of times with values that fit its schemas and values that do not:
/// each answer is one that the document names, errors say what and why, what is refused changes nothing, and the node lives.
/// </summary>
public sealed class ApiFuzzTests : IAsyncLifetime
{
    private const int Rounds = 2500;
    private const int MaxFound = 30;

    private readonly LiveNode _node = new();

    public Task InitializeAsync() => _node.InitializeAsync();

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Whatever_is_asked_the_answer_is_one_that_the_document_names()
    {
        bool isNightly = Environment.GetEnvironmentVariable("COMPEER_NIGHTLY") == "1";
        int seed = isNightly ? RandomNumberGenerator.GetInt32(int.MaxValue) : 20261122;
        JsonElement document = await _node.Owner.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        var requests = new RandomRequests(document, new Random(seed), [await _node.AddAsync('a'), await _node.AddAsync('b')]);
        var random = new Random(seed);
        var met = new HashSet<int>();
        var found = new List<string>();
        for (int round = 0; round < (isNightly ? 10 : 1) * Rounds; round++)
        {
            RandomRequest asked = requests.Next();
            bool compares = random.Next(12) == 0;
            string before = compares ? await StateAsync() : "";
            using HttpRequestMessage request = asked.ToMessage();
            using HttpResponseMessage answer = await _node.Owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            int status = (int)answer.StatusCode;
            met.Add(status);
            string said = status >= 400 ? await answer.Content.ReadAsStringAsync() : "";
            string? wrong = !asked.Documented.Contains(status) ? "the document does not name the answer"
                : status >= 400 && status is not (412 or 416) && !IsProblem(answer, said) ? "the answer does not say what and why"
                : status >= 400 && compares && before != await StateAsync() ? "it was refused, and changed something"
                : null;
            if (wrong is not null)
                found.Add($"round {round}: {asked} -> {status}: {wrong}. {said}");
            if (found.Count == MaxFound)
                break;
        }
        Assert.True(found.Count == 0, $"Seed {seed}:\n{string.Join("\n", found)}");
        Assert.Superset(new HashSet<int> { 200, 201, 204, 400, 404 }, met);
        Assert.Equal(HttpStatusCode.OK, (await _node.Owner.GetAsync("/health")).StatusCode);
        Assert.DoesNotContain("\"level\":\"error\"", await _node.Owner.GetStringAsync("/api/v1/log?tail=1000"), StringComparison.Ordinal);
        await _node.StopAsync();
        await _node.StartAsync();
        using HttpClient owner = _node.Client(_node.Host.Token);
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/api/v1/torrents")).StatusCode);
    }

    private static bool IsProblem(HttpResponseMessage answer, string said)
    {
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return false;
        JsonElement problem = JsonDocument.Parse(said).RootElement;
        return problem.GetProperty("title").GetString() is { Length: > 0 } && problem.GetProperty("detail").GetString() is { Length: > 0 } && problem.GetProperty("status").GetInt32() == (int)answer.StatusCode;
    }

    /// <summary>What requests change: the choices of people, and not what time does.</summary>
    private async Task<string> StateAsync()
    {
        var state = new StringBuilder();
        foreach (JsonElement torrent in (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/torrents?limit=10000&sort=name")).GetProperty("items").EnumerateArray())
        {
            foreach (string field in (string[])["id", "labels", "directory", "sequential", "downLimit", "upLimit"])
                state.Append(torrent.GetProperty(field).ToString()).Append('|');
            state.Append(torrent.GetProperty("state").GetString() == "paused").Append('\n');
        }
        state.Append(await _node.Owner.GetStringAsync("/api/v1/limits")).Append(await _node.Owner.GetStringAsync("/api/v1/settings")).Append(await _node.Owner.GetStringAsync("/api/v1/keys"));
        foreach (string list in (string[])["feeds", "watch-folders"])
        {
            foreach (JsonElement item in (await _node.Owner.GetFromJsonAsync<JsonElement>("/api/v1/" + list)).GetProperty("items").EnumerateArray())
                state.Append(item.GetProperty("id").GetString()).Append(item.TryGetProperty("rules", out JsonElement rules) ? rules.ToString() : "");
        }
        return state.ToString();
    }
}
