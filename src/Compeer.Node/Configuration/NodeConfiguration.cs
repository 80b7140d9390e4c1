using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Node.State;

namespace Compeer.Node.Configuration;

/// <summary>Where a value comes from; the later beats the earlier.</summary>
public enum OptionSource
{
    Default,
    File,
    Environment,
    Flag,
}

/// <summary>
/// The effective values of all options and where each comes from: default, then config.json of the data directory, then the
/// environment, then flags. Thread-safe.
/// </summary>
public sealed class NodeConfiguration
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    private readonly Lock _changing = new();
    private readonly string _path;
    private readonly Dictionary<string, string> _file;
    private readonly Dictionary<string, string> _environment = [];
    private readonly Dictionary<string, string> _flags = [];

    private NodeConfiguration(string path, Dictionary<string, string> file) => (_path, _file) = (path, file);

    /// <summary>Called with the keys that changed, after a change.</summary>
    public event Action<IReadOnlyCollection<string>>? Changed;

    /// <summary>Reads everything.</summary>
    /// <param name="dataDirectory">Where config.json may be.</param>
    /// <param name="environment">The environment, or what stands for it.</param>
    /// <param name="flags">Keys and values of the command line.</param>
    /// <exception cref="NodeException">A value cannot be used; the message says which, where it stands and why.</exception>
    public static NodeConfiguration Load(string dataDirectory, Func<string, string?> environment, IReadOnlyDictionary<string, string> flags)
    {
        string path = System.IO.Path.Combine(dataDirectory, "config.json");
        var configuration = new NodeConfiguration(path, ReadFile(path));
        foreach (NodeOption option in NodeOptions.All)
        {
            if (environment(option.EnvironmentVariable) is { Length: > 0 } text)
                configuration._environment[option.Key] = Read(option, text, $"{option.EnvironmentVariable} in the environment");
        }
        foreach ((string key, string text) in flags)
        {
            NodeOption option = NodeOptions.Find(key) ?? throw new ArgumentException($"'{key}' is no option.", nameof(flags));
            configuration._flags[key] = Read(option, text, $"--{key}");
        }
        return configuration;
    }

    /// <summary>The effective value, as text.</summary>
    public string this[NodeOption option] => Find(option).Value;

    /// <summary>A truth value.</summary>
    public bool IsOn(NodeOption option) => this[option] == "true";

    /// <summary>A number.</summary>
    public long Number(NodeOption option) => long.Parse(this[option], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The effective value and where it comes from.</summary>
    public (string Value, OptionSource Source) Find(NodeOption option)
    {
        lock (_changing)
        {
            return _flags.TryGetValue(option.Key, out string? value) ? (value, OptionSource.Flag)
                : _environment.TryGetValue(option.Key, out value) ? (value, OptionSource.Environment)
                : _file.TryGetValue(option.Key, out value) ? (value, OptionSource.File)
                : (option.Default, OptionSource.Default);
        }
    }

    /// <summary>Changes values and keeps them in the file; all or none.</summary>
    /// <param name="values">Keys and values, as <see cref="OptionText.TryRead(NodeOption, string, out string)"/> gives them; null goes back to the default.</param>
    /// <exception cref="NodeException">The file cannot be written; nothing changed then.</exception>
    public void Set(IReadOnlyDictionary<string, string?> values)
    {
        lock (_changing)
        {
            var next = new Dictionary<string, string>(_file);
            foreach ((string key, string? value) in values)
            {
                if (value is null)
                    next.Remove(key);
                else
                    next[key] = value;
            }
            var json = new JsonObject(NodeOptions.All.Where(o => next.ContainsKey(o.Key)).Select(o => KeyValuePair.Create(o.Key, (JsonNode?)OptionText.ToJson(o, next[o.Key]))));
            var text = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(text, Indented))
                json.WriteTo(writer);
            NodeFile.Write(_path, text.WrittenSpan, isSecret: true);
            foreach (string key in values.Keys)
            {
                if (next.TryGetValue(key, out string? value))
                    _file[key] = value;
                else
                    _file.Remove(key);
            }
        }
        Changed?.Invoke([.. values.Keys]);
    }

    private static Dictionary<string, string> ReadFile(string path)
    {
        var values = new Dictionary<string, string>();
        if (!File.Exists(path))
            return values;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new NodeException(NodeFailure.Usage, $"'{path}' must hold one JSON object of options and values.");
            foreach (JsonProperty entry in document.RootElement.EnumerateObject())
            {
                NodeOption option = NodeOptions.Find(entry.Name)
                    ?? throw new NodeException(NodeFailure.Usage, $"'{path}' sets '{entry.Name}', which is no option. 'compeer config' lists them all.");
                values[option.Key] = OptionText.TryRead(option, entry.Value, out string value) is { } problem ? throw Wrong(option, $"'{path}'", problem) : value;
            }
            return values;
        }
        catch (JsonException e)
        {
            throw new NodeException(NodeFailure.Usage, $"'{path}' is not JSON: {e.Message} Correct it, or move it away to start with the defaults.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"'{path}' cannot be read: {e.Message}");
        }
    }

    private static string Read(NodeOption option, string text, string where) =>
        OptionText.TryRead(option, text, out string value) is { } problem ? throw Wrong(option, where, problem) : value;

    private static NodeException Wrong(NodeOption option, string where, string problem) =>
        new(NodeFailure.Usage, $"The value of {option.Key} in {where} cannot be used: {problem}.");
}
