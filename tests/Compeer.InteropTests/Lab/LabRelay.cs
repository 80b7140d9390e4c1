namespace Compeer.InteropTests.Lab;

/// <summary>A relay (TURN) on a host of its own, with the user ann:secret.</summary>
public sealed class LabRelay
{
    private const int OwnPort = 3490;

    private readonly RelayKind _kind;

    private LabRelay(LabHost host, RelayKind kind)
    {
        Host = host;
        _kind = kind;
    }

    public LabHost Host { get; }

    public LabProcess Process { get; private set; } = null!;

    /// <summary>What --relay takes.</summary>
    public string Address => $"turn:ann:secret@{Host.At(_kind == RelayKind.Coturn ? Coturn.Port : OwnPort)}";

    /// <summary>Starts one; returns when it listens.</summary>
    public static async Task<LabRelay> StartAsync(LabNetwork network, RelayKind kind)
    {
        var relay = new LabRelay(await network.AddHostAsync(), kind);
        // coturn gives a relayed port up for good when something is sent from it to where no route leads.
        await LabTool.RunAsync("ip", ["-n", relay.Host.Namespace, "route", "add", "default", "dev", "e0"]);
        await relay.RestartAsync();
        return relay;
    }

    /// <summary>Starts it again after its end.</summary>
    public async Task RestartAsync() => Process = _kind == RelayKind.Coturn ? await Coturn.StartAsync(Host) : await CompeerProcess.RelayAsync(Host, OwnPort, limit: "1G");
}
