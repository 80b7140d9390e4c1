using System.Globalization;
using System.Net;

namespace Compeer.Network.PortMapping;

/// <summary>A default route.</summary>
/// <param name="Interface">The device's name.</param>
/// <param name="Gateway">The next hop.</param>
/// <param name="Metric">The lowest is used.</param>
public sealed record DefaultRoute(string Interface, IPAddress Gateway, uint Metric);

/// <summary>Reads the kernel's route tables (/proc/net/route and /proc/net/ipv6_route): the default routes that have a next hop, best first.</summary>
public static class RouteTable
{
    private const uint Up = 1;
    private const uint HasGateway = 2;
    private const uint Reject = 0x200;

    /// <summary>Interface, destination, gateway, flags, reference count, use, metric, mask and more, with headings; numbers are hexadecimal in the machine's byte order.</summary>
    public static IReadOnlyList<DefaultRoute> ReadV4(string table)
    {
        var routes = new List<DefaultRoute>();
        foreach (string line in table.Split('\n').Skip(1))
        {
            string[] fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length < 8 || fields[1] != "00000000" || fields[7] != "00000000"
                || !TryHex(fields[2], out uint gateway) || !TryHex(fields[3], out uint flags)
                || !uint.TryParse(fields[6], NumberStyles.None, CultureInfo.InvariantCulture, out uint metric)
                || !IsUsable(flags))
                continue;
            routes.Add(new DefaultRoute(fields[0], new IPAddress(gateway), metric));
        }
        return [.. routes.OrderBy(r => r.Metric)];
    }

    /// <summary>Destination, its length, source, its length, next hop, metric, reference count, use, flags and interface, all hexadecimal, no headings.</summary>
    public static IReadOnlyList<DefaultRoute> ReadV6(string table)
    {
        var routes = new List<DefaultRoute>();
        foreach (string line in table.Split('\n'))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (fields.Length < 10 || fields[0] != new string('0', 32) || fields[1] != "00" || fields[4].Length != 32
                || !TryHex(fields[5], out uint metric) || !TryHex(fields[8], out uint flags) || !IsUsable(flags)
                || !fields[4].All(char.IsAsciiHexDigit))
                continue;
            routes.Add(new DefaultRoute(fields[9], new IPAddress(Convert.FromHexString(fields[4])), metric));
        }
        return [.. routes.OrderBy(r => r.Metric)];
    }

    private static bool IsUsable(uint flags) => (flags & (Up | HasGateway | Reject)) == (Up | HasGateway);

    private static bool TryHex(string text, out uint value) => uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
