using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security;
using System.Text;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.PortMapping;

/// <summary>What a router answered to a SOAP request.</summary>
/// <param name="ErrorCode">0 for success; else the code of UPnP.</param>
/// <param name="ErrorText">What the router says about the error: one clean line, maybe empty.</param>
/// <param name="Values">The output arguments by name.</param>
public sealed record SoapReply(int ErrorCode, string ErrorText, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>An output argument that is a port; 0 when it is absent or no port.</summary>
    public int Port(string name) => int.TryParse(Values.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535 ? port : 0;

    /// <summary>An output argument that is an IPv4 address; null when it is absent, empty or none.</summary>
    public IPAddress? Address(string name) =>
        IPAddress.TryParse(Values.GetValueOrDefault(name), out IPAddress? address) && address.GetAddressBytes().Length == 4 && !address.Equals(IPAddress.Any)
            ? address
            : null;
}

/// <summary>
/// The SOAP bodies with which a router is asked for mappings, and its answers.
/// Spec: UPnP Device Architecture 1.1 section 3.2; WANIPConnection:1 section 2.4; WANIPConnection:2 section 2.5.
/// </summary>
public static class SoapCodec
{
    public const string AddPortMapping = nameof(AddPortMapping);
    public const string AddAnyPortMapping = nameof(AddAnyPortMapping);
    public const string DeletePortMapping = nameof(DeletePortMapping);
    public const string GetExternalIPAddress = nameof(GetExternalIPAddress);
    public const string GetSpecificPortMappingEntry = nameof(GetSpecificPortMappingEntry);

    private const int MaxValues = 64;

    /// <summary>The header SOAPACTION of a request.</summary>
    public static string ActionHeader(string serviceType, string action) => $"\"{serviceType}#{action}\"";

    /// <summary>The body of a request; the order of arguments is the specification's.</summary>
    public static byte[] WriteRequest(string serviceType, string action, params ReadOnlySpan<(string Name, string Value)> arguments)
    {
        var body = new StringBuilder(600)
            .Append("<?xml version=\"1.0\"?>\r\n")
            .Append("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">")
            .Append(CultureInfo.InvariantCulture, $"<s:Body><u:{action} xmlns:u=\"{serviceType}\">");
        foreach ((string name, string value) in arguments)
            body.Append(CultureInfo.InvariantCulture, $"<{name}>{SecurityElement.Escape(value)}</{name}>");
        body.Append(CultureInfo.InvariantCulture, $"</u:{action}></s:Body></s:Envelope>\r\n");
        return Encoding.UTF8.GetBytes(body.ToString());
    }

    /// <summary>Reads a router's answer to <paramref name="action"/>; false when it is neither that nor a fault, or no XML within the bounds.</summary>
    public static bool TryReadReply(ReadOnlyMemory<byte> document, string action, [NotNullWhen(true)] out SoapReply? reply)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        bool answered = false, fault = false;
        bool isXml = BoundedXml.TryRead(document, (name, text) =>
        {
            answered |= name == action + "Response";
            fault |= name == "Fault";
            if (values.Count < MaxValues)
                values.TryAdd(name, text);
        });
        reply = null;
        if (!isXml || !(answered || fault))
            return false;
        int code = 0;
        if (fault && (!int.TryParse(values.GetValueOrDefault("errorCode"), NumberStyles.None, CultureInfo.InvariantCulture, out code) || code == 0))
            code = IgdError.ActionFailed;
        reply = new SoapReply(code, RemoteText.Clean(Encoding.UTF8.GetBytes(values.GetValueOrDefault("errorDescription") ?? "")), values);
        return true;
    }
}
