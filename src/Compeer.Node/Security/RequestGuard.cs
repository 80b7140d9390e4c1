using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Compeer.Node.Security;

/// <summary>
/// Stands before everything: refuses names that are not ours, other sites, forms, and callers without the right; sets the headers that
/// every answer has. What a path needs stands in <see cref="Needed"/> and nowhere else, so that a new endpoint is closed until it is named.
/// </summary>
public sealed class RequestGuard(RequestDelegate next, Access access, ContentKeys contentKeys, HostRules hosts)
{
    /// <summary>The cookie of a browser's session.</summary>
    public const string CookieName = "compeer";

    private const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string[] FormTypes = ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"];

    /// <summary>Judges a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        SetHeaders(context);
        if (!hosts.Allows(request.Host.Value ?? ""))
        {
            await Problem.WriteAsync(context, 421, "Not a name of this node", "The request names a host that this node does not know. Open it under its own address, or add the name to api-hosts.");
            return;
        }
        if (IsForeign(request))
        {
            await Problem.WriteAsync(context, 403, "Another site asks", "A page of another site sent this request, which is refused. Open the node's own page.");
            return;
        }
        bool isRpc = request.Path.StartsWithSegments("/transmission", StringComparison.Ordinal);
        if (MayChange(request) && !isRpc && HasFormType(request))
        {
            await Problem.WriteAsync(context, 415, "Not a content type for this", "A request that changes something carries application/json, or the type of the file it sends.");
            return;
        }
        Scope needed = Needed(request);
        bool isOpened = needed == Scope.Read && request.Query[ContentKeys.QueryName] is [{ } key] && contentKeys.Opens(request.Path.Value ?? "", key);
        if (needed > Scope.None && !isOpened && !await MayAsync(context, needed, isRpc))
            return;
        await next(context);
    }

    /// <summary>What one needs for a path. GET and HEAD change nothing, so that reading suffices for them.</summary>
    public static Scope Needed(HttpRequest request)
    {
        PathString path = request.Path;
        bool reads = !MayChange(request);
        if (path.StartsWithSegments("/api", StringComparison.Ordinal, out PathString rest))
        {
            return rest == "/v1/session" && request.Method is "POST" or "DELETE" ? Scope.None
                : rest.StartsWithSegments("/v1/folders", StringComparison.Ordinal) || rest.StartsWithSegments("/v1/keys", StringComparison.Ordinal) ? Scope.Admin
                : reads ? Scope.Read
                : request.Method == "POST" && rest == "/v1/torrents" ? Scope.Add
                : Scope.Admin;
        }
        if (path.StartsWithSegments("/transmission", StringComparison.Ordinal))
            return Scope.Admin;
        if (path == "/metrics")
            return Scope.Read;
        // The page, its assets, the description of the API and the health of the node are the same for everybody.
        return reads ? Scope.None : Scope.Admin;
    }

    private static bool MayChange(HttpRequest request) => request.Method is not ("GET" or "HEAD");

    private static void SetHeaders(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        if (context.Request.IsHttps)
            headers.StrictTransportSecurity = "max-age=31536000";
    }

    /// <summary>A link to the page from elsewhere is fine; anything else that another site sends is not.</summary>
    private static bool IsForeign(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        if (origin is not null && !origin.Equals($"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase))
            return true;
        bool isSameSite = (string?)request.Headers["Sec-Fetch-Site"] is null or "same-origin" or "none";
        bool opensPage = request.Method == "GET" && request.Path == "/" && request.Headers["Sec-Fetch-Mode"] == "navigate";
        return !isSameSite && !opensPage;
    }

    /// <summary>What a form of another site can send without being asked for leave; only DELETE and empty bodies do without a type.</summary>
    private static bool HasFormType(HttpRequest request)
    {
        if (string.IsNullOrEmpty(request.ContentType))
            return request.ContentLength > 0;
        return !MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) || FormTypes.Contains(type.MediaType, StringComparer.OrdinalIgnoreCase);
    }

    private async Task<bool> MayAsync(HttpContext context, Scope needed, bool isRpc)
    {
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        (Scope scope, bool wasGiven) = await IdentifyAsync(context, address);
        context.Items[typeof(Scope)] = scope;
        if (scope >= needed)
            return true;
        if (scope > Scope.None)
        {
            await Problem.WriteAsync(context, 403, "Not allowed", $"This needs the scope '{needed.ToString().ToLowerInvariant()}'; the key has '{scope.ToString().ToLowerInvariant()}'. Use another key, or the token.");
            return false;
        }
        if (wasGiven)
        {
            access.Guesses.Failed(address);
            if (access.Guesses.WaitFor(address) is { Ticks: > 0 } wait)
            {
                await Problem.TooManyAsync(context, wait);
                return false;
            }
        }
        context.Response.Headers.WWWAuthenticate = isRpc ? "Basic realm=\"compeer\"" : "Bearer";
        await Problem.WriteAsync(context, 401, "Who asks?", "Send 'Authorization: Bearer TOKEN' with the token in the data directory, or log in on the page.");
        return false;
    }

    private async Task<(Scope Scope, bool WasGiven)> IdentifyAsync(HttpContext context, string address)
    {
        string? authorization = context.Request.Headers.Authorization;
        if (authorization is not null && AuthenticationHeaderValue.TryParse(authorization, out AuthenticationHeaderValue? given) && given.Parameter is { } parameter)
        {
            if (given.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
                return (access.ScopeOf(parameter), true);
            if (given.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
                return (await ScopeOfBasicAsync(parameter, address), true);
        }
        if (context.Request.Cookies.TryGetValue(CookieName, out string? cookie))
            return (access.ScopeOfSession(cookie), false);
        return (Scope.None, authorization is not null);
    }

    /// <summary>Any user name, with the token, a key or the password. Spec: RFC 7617.</summary>
    private async Task<Scope> ScopeOfBasicAsync(string parameter, string address)
    {
        byte[] bytes = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, bytes, out int length))
            return Scope.None;
        string text = Encoding.UTF8.GetString(bytes, 0, length);
        string secret = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (access.ScopeOf(secret) is var scope and > Scope.None)
            return scope;
        if (access.Guesses.WaitFor(address) > TimeSpan.Zero)
            return Scope.None;
        return await Task.Run(() => access.IsPassword(secret)) ? Scope.Admin : Scope.None;
    }
}
