namespace Compeer.InteropTests.Lab;

/// <summary>A slow link between two hosts besides their fast one, in user space; they meet on it at addresses of its own.</summary>
public sealed class SlowLink : JsonProcess
{
    private const string Prefix = "10.99.0";

    private SlowLink(LabHost a, LabHost b, string[] options)
        : base(a, Python, [Path.Combine(LabFiles.Repository, "lab", "bench", "link.py"), "--a", a.Namespace, "--b", b.Namespace, "--prefix", Prefix, .. options])
    {
        A = a with { Address = Prefix + ".1" };
        B = b with { Address = Prefix + ".2" };
    }

    /// <summary>The first host as it is seen over this link.</summary>
    public LabHost A { get; }

    /// <summary>The second.</summary>
    public LabHost B { get; }

    /// <summary>Lays a link; <paramref name="options"/> are those of lab/bench/link.py.</summary>
    public static async Task<SlowLink> StartAsync(LabHost a, LabHost b, params string[] options)
    {
        Prerequisites.Demand(Needs.Network | Needs.Python);
        var link = new SlowLink(a, b, options);
        await link.WaitForAsync("ready", TimeSpan.FromSeconds(10));
        return link;
    }
}
