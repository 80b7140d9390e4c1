using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Compeer.Tests.Api;

/// <summary>Makes up requests from an OpenAPI document. Spec: OpenAPI 3.1.</summary>
public sealed class RandomRequests
{
    private static readonly string[] Hostile =
    [
        "", " ", "\0", "../../etc/passwd", "/nonexistent/x", "/nonexistent/a\0b", "%00", "\u202e\ud83d\ude00", "<script>alert(1)</script>", "'; DROP TABLE--", "NaN", "-1", "9223372036854775808",
        "true", "null", "{}", "magnet:?xt=urn:btih:zz", $"magnet:?xt=urn:btih:{new string('d', 40)}", "magnet:?xt=urn:btmh:1220", "http://127.0.0.1/x", "file:///etc/passwd", "/(/", "/(a+)+$/", "mon", "25:99", "22:00",
        new string('x', 900), "\r\nX: y", "127.0.0.1:0", "[::1]:99999", "C:\\x", "\ufeff",
    ];

    private static readonly string[] Raw = ["\"\\ud800\"", "1e400", "-0.5", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "[[[[[[[[]]]]]]]]", "{\"a\":{\"b\":null}}", "null", "true", "\"\"", "[null]", "{", "\"", "nul", $"\"{new string('y', 5000)}\""];

    // These start what takes long, or lock the caller out.
    private static readonly string[] Avoided = ["/api/v1/doctor", "/api/v1/password"];

    private readonly JsonElement _document;
    private readonly Random _random;
    private readonly List<string> _ids;
    private readonly List<(string Path, string Method, JsonElement Operation)> _operations = [];

    public RandomRequests(JsonElement document, Random random, IEnumerable<string> ids)
    {
        (_document, _random, _ids) = (document, random, [.. ids]);
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject().Where(p => !Avoided.Contains(p.Name)))
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.Object && o.Value.TryGetProperty("responses", out _)))
                _operations.Add((path.Name, operation.Name.ToUpperInvariant(), operation.Value));
        }
    }

    public RandomRequest Next()
    {
        (string path, string method, JsonElement operation) = _operations[_random.Next(_operations.Count)];
        var query = new StringBuilder();
        if (operation.TryGetProperty("parameters", out JsonElement parameters))
        {
            foreach (JsonElement parameter in parameters.EnumerateArray())
            {
                string name = parameter.GetProperty("name").GetString()!;
                if (parameter.GetProperty("in").GetString() == "path")
                    path = path.Replace($"{{{name}}}", PathValue(name), StringComparison.Ordinal);
                else if (_random.Next(2) == 0)
                    query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(Text()));
            }
        }
        var documented = operation.GetProperty("responses").EnumerateObject().Select(r => int.Parse(r.Name, CultureInfo.InvariantCulture)).ToHashSet();
        (string? body, string type) = operation.TryGetProperty("requestBody", out JsonElement described) || method is "POST" or "PATCH" ? Body(described) : (null, "");
        return new RandomRequest(method, path + query, body, type, documented);
    }

    private (string?, string) Body(JsonElement described)
    {
        if (_random.Next(15) == 0)
            return (null, "");
        string type = _random.Next(15) == 0 ? Pick("text/plain", "application/xml", "application/x-bittorrent", "application/octet-stream", "nonsense", "application/json; charset=utf-16") : "application/json";
        if (_random.Next(10) == 0 || described.ValueKind != JsonValueKind.Object || !described.GetProperty("content").TryGetProperty("application/json", out JsonElement json))
            return (Pick(Raw), type);
        return (Value(json.GetProperty("schema"), 0), type);
    }

    private string Value(JsonElement schema, int depth)
    {
        if (_random.Next(8) == 0 || depth > 6)
            return _random.Next(2) == 0 ? Pick(Raw) : JsonSerializer.Serialize(Text());
        while (schema.TryGetProperty("$ref", out JsonElement reference))
            schema = reference.GetString()!.Split('/').Skip(1).Aggregate(_document, (at, part) => at.GetProperty(part));
        foreach (string either in (string[])["oneOf", "anyOf"])
        {
            if (schema.TryGetProperty(either, out JsonElement choices))
                return Value(choices[_random.Next(choices.GetArrayLength())], depth + 1);
        }
        if (schema.TryGetProperty("enum", out JsonElement words))
            return words[_random.Next(words.GetArrayLength())].GetRawText();
        string[] types = !schema.TryGetProperty("type", out JsonElement type) ? ["object"] : type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!)] : [type.GetString()!];
        return Pick(types) switch
        {
            "object" => Object(schema, depth),
            "array" => $"[{string.Join(',', Enumerable.Range(0, _random.Next(40) == 0 ? 600 : _random.Next(4)).Select(_ => schema.TryGetProperty("items", out JsonElement item) ? Value(item, depth + 1) : Pick(Raw)))}]",
            "integer" => Pick("0", "1", "7", "-1", "60", "5000", "2147483647", "2147483648", "9223372036854775807", "1.5"),
            "number" => Pick("0", "0.5", "-1", "1e308"),
            "boolean" => Pick("true", "false"),
            "null" => "null",
            _ => JsonSerializer.Serialize(Text()),
        };
    }

    private string Object(JsonElement schema, int depth)
    {
        var members = new List<string>();
        if (schema.TryGetProperty("properties", out JsonElement properties))
        {
            foreach (JsonProperty property in properties.EnumerateObject().Where(_ => _random.Next(3) > 0))
                members.Add($"{JsonSerializer.Serialize(property.Name)}:{Value(property.Value, depth + 1)}");
        }
        else if (schema.TryGetProperty("additionalProperties", out JsonElement any) && any.ValueKind == JsonValueKind.Object)
        {
            for (int i = _random.Next(3); i > 0; i--)
                members.Add($"{JsonSerializer.Serialize(Pick("limit-up", "log-level", "0", "1", Text()))}:{Value(any, depth + 1)}");
        }
        if (_random.Next(20) == 0)
            members.Add("\"unknown\":1");
        return $"{{{string.Join(',', members)}}}";
    }

    private string PathValue(string name) =>
        name is "id" && _random.Next(3) > 0 ? Pick([.. _ids])
        : name is "index" && _random.Next(2) == 0 ? Pick("0", "-1", "2147483647")
        : Uri.EscapeDataString(Text() is { Length: > 0 } text && text.Trim('.').Length > 0 && text is not "\0" ? text.Replace("\0", "", StringComparison.Ordinal) : "x");

    private string Text() => _random.Next(6) switch
    {
        0 => _random.Next(-5, 1000).ToString(CultureInfo.InvariantCulture),
        1 => Pick([.. _ids]),
        2 => Pick("name", "asc", "desc", "pause", "resume", "recheck", "label", "seeding", "high", "skip", "read", "1", "true"),
        _ => Pick(Hostile),
    };

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
