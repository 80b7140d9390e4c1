using System.Collections.Immutable;

namespace Compeer.Node.Doctor;

/// <summary>Finds out what firewall programs this machine has, as far as files tell without a privilege.</summary>
internal static class Firewalls
{
    /// <summary>Sentences; never empty.</summary>
    public static ImmutableArray<string> Describe()
    {
        var lines = new List<string>();
        if (ReadLines("/etc/ufw/ufw.conf") is { Length: > 0 } ufw)
            lines.Add(ufw.Contains("ENABLED=yes") ? "ufw is switched on; 'ufw status' shows what it lets in." : "ufw is installed and switched off.");
        if (Directory.Exists("/run/firewalld"))
            lines.Add("firewalld runs; 'firewall-cmd --list-all' shows what it lets in.");
        string[] filters = [.. ((string[])["nf_tables", "ip_tables"]).Where(module => Directory.Exists($"/sys/module/{module}"))];
        if (filters.Length > 0)
            lines.Add($"The kernel can filter ({string.Join(", ", filters)}); whether rules stop our port is seen only by trying it from outside ('nft list ruleset' shows them).");
        return lines.Count > 0 ? [.. lines] : ["No firewall of this machine was found; there may be one all the same."];
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.Exists(path) ? [.. File.ReadLines(path).Take(100).Select(line => line.Trim())] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
