using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Compeer.Node.Web;

/// <summary>The page: the assets that were embedded at the build, and nothing else; no path of the disk is ever made of a request.</summary>
public sealed class StaticPage
{
    private const string Prefix = "web/";

    private readonly Dictionary<string, (string Resource, string Type, string ETag)> _assets = new(StringComparer.Ordinal);

    /// <summary>Lists the assets.</summary>
    public StaticPage()
    {
        foreach (string resource in Source.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            string name = resource[Prefix.Length..].Replace('\\', '/');
            _assets["/assets/" + name] = (resource, TypeOf(name), ETagOf(resource));
        }
        if (_assets.TryGetValue("/assets/index.html", out var index))
            _assets["/"] = index;
    }

    private static Assembly Source => typeof(StaticPage).Assembly;

    /// <summary>Answers a request for an asset; false when it is for none.</summary>
    public async Task<bool> TryServeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.Method is not ("GET" or "HEAD") || request.Path.Value is not { } path || !_assets.TryGetValue(path, out var asset))
            return false;
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.ETag = asset.ETag;
        if (request.Headers.IfNoneMatch == asset.ETag)
        {
            context.Response.StatusCode = 304;
            return true;
        }
        await using Stream content = Source.GetManifestResourceStream(asset.Resource)!;
        context.Response.ContentType = asset.Type;
        context.Response.ContentLength = content.Length;
        if (request.Method == "GET")
            await content.CopyToAsync(context.Response.Body, context.RequestAborted);
        return true;
    }

    private static string ETagOf(string resource)
    {
        using Stream content = Source.GetManifestResourceStream(resource)!;
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"";
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".ico" => "image/x-icon",
        ".woff2" => "font/woff2",
        ".json" or ".webmanifest" => "application/json",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
}
