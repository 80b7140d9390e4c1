using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Compeer.Tests.Api;

namespace Compeer.Tests.Security;

/// <summary>What stands before the API, against a real server.</summary>
public sealed class RequestGuardTests(LiveNode node) : IClassFixture<LiveNode>
{
    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    [Theory]
    [InlineData("evil.example:PORT")]
    [InlineData("127.0.0.1.evil.example:PORT")]
    [InlineData("localhost.evil.example:PORT")]
    [InlineData("evil.example")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:1")]
    public async Task A_name_that_is_not_ours_is_refused_even_with_the_token(string host)
    {
        string answer = await node.SendRawAsync($"GET /api/v1/node HTTP/1.1\r\nHost: {Ported(host)}\r\nAuthorization: Bearer {node.Host.Token}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 421", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("downloadDirectory", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:PORT")]
    [InlineData("localhost:PORT")]
    [InlineData("[::1]:PORT")]
    public async Task The_names_of_this_machine_are_taken(string host)
    {
        string answer = await node.SendRawAsync($"GET /api/v1/node HTTP/1.1\r\nHost: {Ported(host)}\r\nAuthorization: Bearer {node.Host.Token}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Another_site_is_refused(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/torrents") { Content = Json("""{"link":"magnet:?xt=urn:btih:1111111111111111111111111111111111111111"}""") };
        request.Headers.Add(header, value);
        using HttpResponseMessage answer = await node.Owner.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Owner.GetAsync($"/api/v1/torrents/{new string('1', 40)}")).StatusCode);
    }

    [Fact]
    public async Task The_own_page_is_taken()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/node");
        request.Headers.Add("Origin", node.Host.Url);
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        Assert.Equal(HttpStatusCode.OK, (await node.Owner.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData(null)]
    public async Task What_a_form_can_send_changes_nothing(string? type)
    {
        using var content = new StringContent("""{"link":"magnet:?xt=urn:btih:2222222222222222222222222222222222222222"}""");
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        using HttpResponseMessage answer = await node.Owner.PostAsync("/api/v1/torrents", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Owner.GetAsync($"/api/v1/torrents/{new string('2', 40)}")).StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/node")]
    [InlineData("/api/v1/torrents")]
    [InlineData("/api/v1/settings")]
    [InlineData("/api/v1/events")]
    [InlineData("/api/v1/session")]
    [InlineData("/api/v1/folders?path=/")]
    [InlineData("/api/v1/no-such-thing")]
    [InlineData("/transmission/rpc")]
    public async Task Nobody_sees_anything_without_a_token(string path)
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Stranger.GetAsync(path)).StatusCode);
        using HttpClient empty = node.Client("");
        Assert.False((await empty.GetAsync(path)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task Every_answer_forbids_foreign_scripts_frames_and_guessing()
    {
        foreach (string path in (string[])["/", "/api/v1/node", "/no-such-thing", "/health"])
        {
            using HttpResponseMessage answer = await node.Stranger.GetAsync(path);
            string policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task Keys_do_what_their_scope_says_and_no_more()
    {
        using HttpClient reader = node.Client(await KeyAsync("read")), adder = node.Client(await KeyAsync("add")), admin = node.Client(await KeyAsync("admin"));
        var addition = new { link = $"magnet:?xt=urn:btih:{new string('3', 40)}" };

        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/v1/torrents")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync("/api/v1/torrents", addition)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync("/api/v1/folders?path=/")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.GetAsync("/api/v1/keys")).StatusCode);

        Assert.Equal(HttpStatusCode.Created, (await adder.PostAsJsonAsync("/api/v1/torrents", addition)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await adder.PostAsJsonAsync("/api/v1/torrents", new { path = "/etc/passwd" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await adder.DeleteAsync($"/api/v1/torrents/{new string('3', 40)}")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await adder.PatchAsync("/api/v1/settings", Json("""{"limit-up":1}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await adder.PostAsJsonAsync("/api/v1/keys", new { name = "more", scope = "admin" })).StatusCode);

        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/api/v1/torrents/{new string('3', 40)}")).StatusCode);
    }

    [Fact]
    public async Task A_key_that_was_deleted_opens_nothing()
    {
        using HttpResponseMessage made = await node.Owner.PostAsJsonAsync("/api/v1/keys", new { name = "short", scope = "read" });
        JsonElement key = await made.Content.ReadFromJsonAsync<JsonElement>();
        using HttpClient program = node.Client(key.GetProperty("key").GetString());
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/node")).StatusCode);
        await node.Owner.DeleteAsync($"/api/v1/keys/{key.GetProperty("id").GetString()}");
        // The node may count it with other wrong ones already.
        Assert.Contains((await program.GetAsync("/api/v1/node")).StatusCode, (HttpStatusCode[])[HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests]);
        Assert.DoesNotContain(key.GetProperty("key").GetString()!, await File.ReadAllTextAsync(Path.Combine(node.Data, "node.state")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_logs_in_until_it_is_given_back()
    {
        using HttpResponseMessage login = await node.Stranger.PostAsJsonAsync("/api/v1/session", new { token = node.Host.Token });
        Assert.Equal(HttpStatusCode.NoContent, login.StatusCode);
        string cookie = login.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);

        using HttpClient browser = node.Client(null);
        browser.DefaultRequestHeaders.Add("Cookie", cookie.Split(';')[0]);
        JsonElement session = await browser.GetFromJsonAsync<JsonElement>("/api/v1/session");
        Assert.Equal(["read", "add", "admin"], session.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(HttpStatusCode.NoContent, (await browser.DeleteAsync("/api/v1/session")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/v1/session")).StatusCode);
    }

    private string Ported(string host) => host.Replace("PORT", $"{node.Url.Port}", StringComparison.Ordinal);

    private async Task<string> KeyAsync(string scope)
    {
        using HttpResponseMessage made = await node.Owner.PostAsJsonAsync("/api/v1/keys", new { name = scope, scope });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        return (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetString()!;
    }
}
