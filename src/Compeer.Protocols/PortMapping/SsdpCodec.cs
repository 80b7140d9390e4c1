using System.Globalization;
using System.Net;
using System.Text;

namespace Compeer.Protocols.PortMapping;

/// <summary>A device's answer to a search.</summary>
/// <param name="Location">Where it says that its description is; not checked in any way.</param>
/// <param name="SearchTarget">What it says that it is.</param>
public sealed record SsdpAnswer(string Location, string SearchTarget);

/// <summary>
/// The search for UPnP devices in the local network: a request of HTTP's form sent by multicast, answers of HTTP's form by unicast.
/// Spec: UPnP Device Architecture 1.1 section 1.3.2 (M-SEARCH) and 1.3.3 (response).
/// </summary>
public static class SsdpCodec
{
    /// <summary>Answers beyond this are not read.</summary>
    public const int MaxAnswerBytes = 2048;

    private const int MaxLocationChars = 512;
    private const int MaxHeaders = 40;

    /// <summary>Where devices listen.</summary>
    public static IPEndPoint Group { get; } = new(new IPAddress([239, 255, 255, 250]), 1900);

    /// <summary>The routers and the services of theirs that map ports, as search targets.</summary>
    public static IReadOnlyList<string> RouterTargets { get; } =
    [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANIPConnection:2",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
    ];

    /// <summary>A search for <paramref name="target"/>; devices answer within <paramref name="maxWaitSeconds"/>, 1 to 5.</summary>
    public static byte[] WriteSearch(string target, int maxWaitSeconds) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"M-SEARCH * HTTP/1.1\r\nHOST: {Group}\r\nMAN: \"ssdp:discover\"\r\nMX: {maxWaitSeconds}\r\nST: {target}\r\n\r\n"));

    /// <summary>Reads an answer; false when it is none, is too long, or names no place.</summary>
    public static bool TryReadAnswer(ReadOnlySpan<byte> datagram, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SsdpAnswer? answer)
    {
        answer = null;
        if (datagram.Length > MaxAnswerBytes)
            return false;
        string[] lines = Encoding.Latin1.GetString(datagram).Split('\n', MaxHeaders);
        string[] status = lines[0].Trim().Split(' ', 3);
        if (status.Length < 2 || !status[0].StartsWith("HTTP/1.", StringComparison.OrdinalIgnoreCase) || status[1] != "200")
            return false;
        string? location = null, target = null;
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                continue;
            ReadOnlySpan<char> name = line.AsSpan(0, colon).Trim();
            if (name.Equals("LOCATION", StringComparison.OrdinalIgnoreCase))
                location ??= line[(colon + 1)..].Trim();
            else if (name.Equals("ST", StringComparison.OrdinalIgnoreCase))
                target ??= line[(colon + 1)..].Trim();
        }
        if (string.IsNullOrEmpty(location) || location.Length > MaxLocationChars || location.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return false;
        answer = new SsdpAnswer(location, target ?? "");
        return true;
    }
}
