namespace Compeer.InteropTests.Lab;

/// <summary>Files that programs in one namespace see in place of those in /etc: names that only some hosts know. Removed with the network.</summary>
public static class NamespaceFiles
{
    private const string Root = "/etc/netns";

    /// <summary>Programs started on <paramref name="host"/> from now on know these names.</summary>
    public static void KnowNames(this LabHost host, params (string Name, LabHost At)[] names) =>
        Write(host, "hosts", "127.0.0.1 localhost\n" + string.Concat(names.Select(n => $"{n.At.Address} {n.Name}\n")));

    /// <summary>Programs started on <paramref name="host"/> from now on ask this address for names.</summary>
    public static void AskForNames(this LabHost host, LabHost server) => Write(host, "resolv.conf", $"nameserver {server.Address}\noptions timeout:1 attempts:1\n");

    internal static void Remove(string name)
    {
        string directory = Path.Combine(Root, name);
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    internal static void Sweep(Func<string, bool> isDead)
    {
        if (!Directory.Exists(Root))
            return;
        foreach (string name in Directory.GetDirectories(Root).Select(Path.GetFileName).OfType<string>().Where(isDead))
            Remove(name);
    }

    private static void Write(LabHost host, string file, string text) =>
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Root, host.Namespace)).FullName, file), text);
}
