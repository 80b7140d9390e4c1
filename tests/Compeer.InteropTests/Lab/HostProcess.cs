namespace Compeer.InteropTests.Lab;

/// <summary>Our host of libp2p in a process of its own: <see cref="HostProgram"/>.</summary>
public static class HostProcess
{
    /// <summary>A port that <see cref="NatKind.PortChanging"/> changes.</summary>
    public const int Port = 7001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static JsonProcess Start(LabHost host, params string[] options) =>
        new(host, Prerequisites.PathOf("dotnet"), [typeof(HostProgram).Assembly.Location, .. options]);

    /// <summary>One that listens on all addresses; returns when it is ready, with its addresses.</summary>
    public static async Task<(JsonProcess Process, string[] Addresses)> ListenAsync(LabHost host, params string[] options)
    {
        JsonProcess process = Start(host, ["--listen", $"/ip4/0.0.0.0/tcp/{Port}", .. options]);
        JsonEvent ready = await process.WaitForAsync("ready", Limit);
        return (process, [.. ready.Values.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()!)]);
    }
}
