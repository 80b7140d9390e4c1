using Compeer.Node.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>The password, and keys for programs.</summary>
internal sealed class AccessEndpoints(Access access)
{
    private const int MaxNameLength = 64;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/password", SetPasswordAsync).Produces(204);
        api.MapGet("/keys", () => new KeyList([.. access.Keys.Select(k => new KeyView(k.Id, k.Key.Name, k.Key.Scope, k.Key.CreatedAt))]));
        api.MapPost("/keys", AddKey).Produces<NewKey>(201);
        api.MapDelete("/keys/{id}", (string id) => access.RemoveKey(id) ? Results.NoContent() : throw new NotFoundException($"There is no key {id}.")).Produces(204);
    }

    private async Task<IResult> SetPasswordAsync(PasswordRequest request, HttpContext context)
    {
        string address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        // A browser left open shall not be enough to lock its owner out; the token in the data directory is.
        bool byCookie = context.Request.Headers.Authorization.Count == 0;
        if (access.HasPassword && byCookie)
        {
            if (access.Guesses.WaitFor(address) is { Ticks: > 0 } wait)
            {
                await Problem.TooManyAsync(context, wait);
                return Results.Empty;
            }
            if (request.Current is not { } current || !await Task.Run(() => access.IsPassword(current)))
            {
                access.Guesses.Failed(address);
                throw new NodeException(NodeFailure.BadInput, "The current password is wrong.");
            }
        }
        await Task.Run(() => access.SetPassword(request.New ?? "", byCookie ? context.Request.Cookies[RequestGuard.CookieName] : null));
        return Results.NoContent();
    }

    private IResult AddKey(KeyRequest request)
    {
        if (request.Name is not { Length: > 0 and <= MaxNameLength } name || request.Scope is not (Scope.Read or Scope.Add or Scope.Admin))
            throw new NodeException(NodeFailure.BadInput, $"A key has a name of 1 to {MaxNameLength} characters and a scope: read, add or admin.");
        (string id, string key) = access.AddKey(name, request.Scope);
        return ApiJson.Answer(new NewKey(id, key), 201);
    }

    internal sealed record PasswordRequest(string? Current, string? New);

    internal sealed record KeyRequest(string? Name, Scope Scope);

    internal sealed record NewKey(string Id, string Key);

    internal sealed record KeyView(string Id, string Name, Scope Scope, DateTimeOffset CreatedAt);

    internal sealed record KeyList(IReadOnlyList<KeyView> Items);
}
