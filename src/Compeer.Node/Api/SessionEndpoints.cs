using Compeer.Node.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>Logging in and out: a token, a key or the password for a cookie.</summary>
internal sealed class SessionEndpoints(Access access)
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/session", (HttpContext context) => Describe(context));
        api.MapPost("/session", BeginAsync).Produces(204);
        api.MapDelete("/session", (HttpContext context) => End(context)).Produces(204);
    }

    private SessionView Describe(HttpContext context)
    {
        Scope scope = context.Items[typeof(Scope)] is Scope known ? known : Scope.None;
        return new SessionView([.. Enum.GetValues<Scope>().Where(s => s > Scope.None && s <= scope)], access.HasPassword);
    }

    private async Task<IResult> BeginAsync(SessionRequest request, HttpContext context)
    {
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        Scope scope = request.Token is { } token ? access.ScopeOf(token) : Scope.None;
        // Nobody guesses a token, so that a right one is taken at any time; passwords wait.
        if (scope == Scope.None && access.Guesses.WaitFor(address) is { Ticks: > 0 } wait)
        {
            await Problem.TooManyAsync(context, wait);
            return Results.Empty;
        }
        if (request.Password is { } password && await Task.Run(() => access.IsPassword(password)))
            scope = Scope.Admin;
        if (scope == Scope.None)
        {
            access.Guesses.Failed(address);
            await Problem.WriteAsync(context, 401, "Not right", access.HasPassword ? "The token or password is wrong." : "The token is wrong. It is in the file 'token' of the data directory; the daemon prints it at its start.");
            return Results.Empty;
        }
        access.Guesses.Succeeded(address);
        context.Response.Cookies.Append(RequestGuard.CookieName, access.BeginSession(scope), new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", MaxAge = Access.SessionLifetime,
        });
        return Results.NoContent();
    }

    private IResult End(HttpContext context)
    {
        if (context.Request.Cookies.TryGetValue(RequestGuard.CookieName, out string? cookie))
            access.EndSession(cookie);
        context.Response.Cookies.Delete(RequestGuard.CookieName);
        return Results.NoContent();
    }

    internal sealed record SessionRequest(string? Token, string? Password);

    internal sealed record SessionView(IReadOnlyList<Scope> Scopes, bool PasswordSet);
}
