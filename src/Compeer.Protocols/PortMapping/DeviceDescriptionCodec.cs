using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.PortMapping;

/// <summary>A service of a router that maps ports.</summary>
/// <param name="ServiceType">Its type with version, as SOAP requests name it.</param>
/// <param name="ControlUrl">Where requests go: on the device that the description came from.</param>
public sealed record IgdService(string ServiceType, Uri ControlUrl)
{
    /// <summary>Whether it can choose a port itself (AddAnyPortMapping).</summary>
    public bool IsVersion2 => ServiceType == DeviceDescriptionCodec.WanIp2;
}

/// <summary>
/// Reads the description of a UPnP device: which of its services map ports and where they are asked. The model's name and the
/// rest are not read. Spec: UPnP Device Architecture 1.1 section 2.3; WANIPConnection:1 and :2, WANPPPConnection:1.
/// </summary>
public static class DeviceDescriptionCodec
{
    public const string WanIp1 = "urn:schemas-upnp-org:service:WANIPConnection:1";
    public const string WanIp2 = "urn:schemas-upnp-org:service:WANIPConnection:2";
    public const string WanPpp1 = "urn:schemas-upnp-org:service:WANPPPConnection:1";

    private const int MaxServices = 8;

    /// <summary>
    /// Reads the services of a description that came from <paramref name="location"/>. False when it is no XML within the bounds
    /// or has no such service; services whose control URL leads to another machine are left out.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> document, Uri location, [NotNullWhen(true)] out IReadOnlyList<IgdService>? services)
    {
        var found = new List<(string Type, string Control)>();
        string type = "", control = "", baseText = "";
        bool isXml = BoundedXml.TryRead(document, (name, text) =>
        {
            switch (name)
            {
                case "URLBase":
                    baseText = text;
                    break;
                case "serviceType":
                    type = text;
                    break;
                case "controlURL":
                    control = text;
                    break;
                case "service":
                    if (type is WanIp1 or WanIp2 or WanPpp1 && found.Count < MaxServices)
                        found.Add((type, control));
                    type = control = "";
                    break;
            }
        });
        // Version 1.0 of the architecture lets a device name another base; it must be on the same machine.
        Uri baseUrl = DeviceUrl.TryAcceptControl(baseText, location, out Uri? own) ? own : location;
        var accepted = new List<IgdService>();
        foreach ((string serviceType, string controlText) in found)
        {
            if (DeviceUrl.TryAcceptControl(controlText, baseUrl, out Uri? url))
                accepted.Add(new IgdService(serviceType, url));
        }
        services = isXml && accepted.Count > 0 ? accepted : null;
        return services is not null;
    }
}
