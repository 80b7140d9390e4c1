using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Compeer.Node.Security;

/// <summary>Errors as problem details: what, why, and what next. Spec: RFC 9457.</summary>
internal static class Problem
{
    /// <param name="context">What is answered.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="title">What is wrong.</param>
    /// <param name="detail">Why, and what next.</param>
    /// <param name="errors">What is wrong with single values, by name.</param>
    public static Task WriteAsync(HttpContext context, int status, string title, string detail, IReadOnlyDictionary<string, string>? errors = null)
    {
        context.Response.StatusCode = status;
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        if (errors is not null)
            problem.Extensions["errors"] = errors;
        return context.Response.WriteAsJsonAsync(problem, Api.ApiJson.AnswerOf<ProblemDetails>(), "application/problem+json");
    }

    public static Task TooManyAsync(HttpContext context, TimeSpan wait)
    {
        int seconds = (int)Math.Ceiling(wait.TotalSeconds);
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return WriteAsync(context, 429, "Too many wrong attempts", $"Wait {seconds} s before the next attempt.");
    }
}
