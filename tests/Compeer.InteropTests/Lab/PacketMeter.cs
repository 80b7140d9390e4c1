using System.Globalization;
using System.Text.RegularExpressions;

namespace Compeer.InteropTests.Lab;

/// <summary>Counts every packet that leaves a host: to the one address allowed, and to anywhere else (neighbour discovery apart).</summary>
public sealed partial class PacketMeter
{
    private readonly LabHost _host;

    private PacketMeter(LabHost host) => _host = host;

    /// <summary>Starts counting what <paramref name="host"/> sends; <paramref name="allowed"/> is the one place it may send to.</summary>
    public static async Task<PacketMeter> StartAsync(LabHost host, LabHost allowed)
    {
        string rules = $$"""
            table inet watch {
                counter allowed {}
                counter leaked {}
                chain out {
                    type filter hook output priority 0; policy accept;
                    oifname "lo" accept
                    meta l4proto ipv6-icmp accept
                    ip daddr {{allowed.Address}} counter name allowed accept
                    counter name leaked
                }
            }
            """;
        await LabTool.RunInAsync(host.Namespace, "nft", ["-f", "-"], rules);
        return new PacketMeter(host);
    }

    /// <summary>Packets to the allowed address.</summary>
    public Task<long> AllowedAsync() => ReadAsync("allowed");

    /// <summary>Packets to anywhere else.</summary>
    public Task<long> LeakedAsync() => ReadAsync("leaked");

    /// <summary>Sockets in the host's namespace that wait for others to come ("tcp 0100007F:1F90").</summary>
    public static IReadOnlyList<string> ListeningIn(LabProcess process) =>
    [
        .. from table in new[] { "tcp", "tcp6" }
           from line in File.ReadLines($"/proc/{process.Id}/net/{table}").Skip(1)
           let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where fields[3] == "0A"
           select $"{table} {fields[1]}",
    ];

    private async Task<long> ReadAsync(string counter)
    {
        string listed = await LabTool.RunInAsync(_host.Namespace, "nft", ["list", "counter", "inet", "watch", counter]);
        return long.Parse(Packets().Match(listed).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"packets (\d+)")]
    private static partial Regex Packets();
}
