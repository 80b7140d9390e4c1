using System.Globalization;
using System.Text.Json;

namespace Compeer.InteropTests.Lab;

/// <summary>compeer lab node: a node of every overlay in a process of its own.</summary>
public sealed class OverlayNode(CompeerProcess process)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Its peer id.</summary>
    public string Peer { get; private set; } = "";

    /// <summary>Where others join it.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Its place on the ring, in hexadecimal.</summary>
    public string Key { get; private set; } = "";

    /// <summary>Starts one that joins nobody, or that joins another.</summary>
    public static OverlayNode Start(LabHost host, OverlayNode? entry)
    {
        string[] arguments = ["lab", "node", "--listen", $"/ip4/{host.Address}/tcp/0", .. entry is null ? (string[])[] : ["--join", entry.Address]];
        return new OverlayNode(new CompeerProcess(host, arguments, readsInput: true));
    }

    /// <summary>Waits until it listens.</summary>
    public async Task ReadyAsync()
    {
        JsonEvent ready = await process.WaitForAsync("ready", Limit);
        Peer = ready.Text("peer");
        Address = ready.Values.GetProperty("addresses")[0].GetString()!;
        Key = (await StateAsync()).Text("key");
    }

    /// <summary>Tells it what to do.</summary>
    public void Do(string what, params (string Name, string Value)[] values) =>
        process.Tell(JsonSerializer.Serialize(values.Prepend(("do", what)).ToDictionary(v => v.Item1, v => v.Item2)));

    /// <summary>Contributes to a group's total.</summary>
    public void Contribute(string group, int value) => process.Tell(JsonSerializer.Serialize(new { @do = "contribute", group, value }));

    /// <summary>The first event, past or future, that fits.</summary>
    public Task<JsonEvent> UntilAsync(string name, Func<JsonEvent, bool> fits) => process.WaitForAsync(name, fits, Limit);

    /// <summary>Whether an event that fits comes within some seconds.</summary>
    public async Task<bool> HearsAsync(string name, string text, double seconds)
    {
        DateTime until = DateTime.UtcNow.AddSeconds(seconds);
        while (!process.Events.Any(e => e.Name == name && e.Text("text") == text))
        {
            if (DateTime.UtcNow > until)
                return false;
            await Task.Delay(50);
        }
        return true;
    }

    /// <summary>How often an event with a text has come.</summary>
    public int Count(string name, string text) => process.Events.Count(e => e.Name == name && e.Text("text") == text);

    /// <summary>Whom it knows now.</summary>
    public Task<JsonEvent> StateAsync() => AskAsync("state", "");

    /// <summary>What a group's contributions come to, as far as it knows.</summary>
    public Task<JsonEvent> TotalAsync(string group) => AskAsync("total", group, "group");

    /// <summary>Asks for something that it answers at once with an event of the same name.</summary>
    public async Task<JsonEvent> AskAsync(string what, string text, string key = "text")
    {
        int before = process.Events.Count(e => e.Name == what);
        Do(what, (key, text));
        await process.WaitForAsync(_ => process.Events.Count(e => e.Name == what) > before, $"a new '{what}'", Limit);
        return process.Last(what)!;
    }

    /// <summary>Looks up who owns a name and replicates it.</summary>
    public Task<JsonEvent> OwnersAsync(string name)
    {
        Do("owners", ("name", name));
        return UntilAsync("owners", e => e.Text("name") == name);
    }

    /// <summary>Searches for an item until somebody has it.</summary>
    public Task<JsonEvent> SearchAsync(string item, string by)
    {
        Do("search", ("item", item), ("by", by));
        return UntilAsync("hit", e => e.Text("item") == item);
    }

    /// <summary>Ends it as a power cut would.</summary>
    public Task KillAsync() => process.KillAsync();

    /// <summary>The texts of a list.</summary>
    public static string[] Texts(JsonEvent e, string key) => [.. e.Values.GetProperty(key).EnumerateArray().Select(v => v.GetString()!)];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Peer} at {Key}");
}
