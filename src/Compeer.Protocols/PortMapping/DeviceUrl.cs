using System.Diagnostics.CodeAnalysis;
using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PortMapping;

/// <summary>
/// Which URLs a device may make us ask. Anybody in the local network can answer a search, so a description is only fetched from
/// the very address that answered, by plain HTTP, and never from this machine or from outside the local network.
/// </summary>
public static class DeviceUrl
{
    private const int MaxChars = 512;

    /// <summary>Checks the place that an answer names; <paramref name="refusal"/> says in words what is wrong with it, without a full stop.</summary>
    /// <param name="location">As the device wrote it.</param>
    /// <param name="answeredFrom">The address that the answer came from.</param>
    /// <param name="link">The local network.</param>
    public static bool TryAcceptLocation(
        string location, IPAddress answeredFrom, PortMappingLink link, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? refusal)
    {
        url = null;
        if (AddressReaches.Of(answeredFrom) != AddressReach.Private || !link.IsNeighbour(answeredFrom))
        {
            refusal = $"an answer came from {answeredFrom}, which is not in the local network";
            return false;
        }
        if (location.Length > MaxChars || !Uri.TryCreate(location, UriKind.Absolute, out Uri? parsed))
        {
            refusal = $"{answeredFrom} named no usable address of its description";
            return false;
        }
        return TryAccept(parsed, answeredFrom, out url, out refusal);
    }

    /// <summary>Checks an address that a description names, whole or relative, against where the description came from.</summary>
    public static bool TryAcceptControl(string control, Uri baseUrl, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        return control.Length is > 0 and <= MaxChars
            && IPAddress.TryParse(baseUrl.Host, out IPAddress? device)
            && Uri.TryCreate(baseUrl, control, out Uri? parsed)
            && TryAccept(parsed, device, out url, out _);
    }

    private static bool TryAccept(Uri parsed, IPAddress device, [NotNullWhen(true)] out Uri? url, [NotNullWhen(false)] out string? refusal)
    {
        url = null;
        refusal = null;
        if (parsed.Scheme != Uri.UriSchemeHttp || parsed.UserInfo.Length > 0 || parsed.Port is <= 0 or > 65535)
            refusal = $"{device} named a description that is not plain HTTP";
        else if (parsed.HostNameType != UriHostNameType.IPv4 || !IPAddress.TryParse(parsed.Host, out IPAddress? host) || !host.Equals(device))
            refusal = $"{device} named a description that is on another machine";
        else
            url = parsed;
        return refusal is null;
    }
}
